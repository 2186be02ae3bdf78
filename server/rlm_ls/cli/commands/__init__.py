"""One file a command of `rlm-ls`."""
