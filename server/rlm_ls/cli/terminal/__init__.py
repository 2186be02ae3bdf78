"""A run at a terminal: what is shown, what is typed, how Ctrl-C ends it."""
