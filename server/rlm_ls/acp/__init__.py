"""The door for editors that talk to agents (`rlm-ls acp`, the Agent Client Protocol): thin, as `lsp/` and `mcp/` are.

`agent` is the protocol's methods, `scope` which texts a prompt speaks of, `updates` what is streamed of a run,
`conversations` which runs belong to which session, `serving` the process. Nothing of the engine is written again here.
"""
