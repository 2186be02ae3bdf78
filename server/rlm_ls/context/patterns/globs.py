"""What is raised for a glob that is none."""

from __future__ import annotations

import re

import re2  # type: ignore[import-untyped]

UNREADABLE: tuple[type[Exception], ...] = (ValueError, re.error, re2.error)
"""By pathspec, and through it by the engines that it hands a glob to: "[z-a]", "[[:alpha:]]"."""
