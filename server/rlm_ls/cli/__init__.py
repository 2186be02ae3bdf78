"""Commands for people at a terminal. Standard output is theirs; nothing here is imported by the language server."""
