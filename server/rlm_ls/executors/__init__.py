"""Running what a model writes: scripts, verbs, compiled programs. All of it is treated as hostile. Knows no provider
and no account."""
