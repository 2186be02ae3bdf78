"""rlm-ls: answers questions about text too large for any model's context window, from inside an editor."""

__version__ = "0.1.0"
