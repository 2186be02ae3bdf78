"""Compilers: which are here and work, and having them compile what a model wrote, locked in."""

from rlm_ls.executors.toolchain.checkup import Checkup, checkup
from rlm_ls.executors.toolchain.kit import Language, Target, ToolchainStatus
from rlm_ls.executors.toolchain.toolchains import MOST_SOURCE, Toolchains

__all__ = ["MOST_SOURCE", "Checkup", "Language", "Target", "ToolchainStatus", "Toolchains", "checkup"]
