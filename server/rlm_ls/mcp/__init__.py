"""The door for agents that speak the Model Context Protocol (`rlm-ls mcp`): thin, as `lsp/` is.

`server` says what is offered, `asking` answers a question with the engine's loop, `exploring` lets the agent itself be
the root model, `checking` looks citations up again; `client` is what may be asked of the client, `bounds` which files
may be read, `results` the typed replies, `serving` the process. Nothing of the engine is written again here.
"""
