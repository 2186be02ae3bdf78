"""What the sandbox's Python lacks and scripts use: their text is rewritten to call what stands in for it. Nothing here
may call the server."""
