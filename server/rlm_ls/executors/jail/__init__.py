"""The OS sandbox: what runs here sees no files, network, environment or processes but those it was given."""

from rlm_ls.executors.jail.jail import Jail, system_files
from rlm_ls.executors.jail.policy import Policy, for_compiling, for_running
from rlm_ls.executors.jail.process import ProcessResult

__all__ = ["Jail", "Policy", "ProcessResult", "for_compiling", "for_running", "system_files"]
