"""The language server: LSP on one side, the engine on the other. Nothing on the way to `initialize` imports the engine,
the models, pydantic or litellm.
"""
