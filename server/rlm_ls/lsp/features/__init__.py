"""What LSP itself defines, one file a capability: code actions, lenses, links, commands, virtual documents, files that
change. They offer and show; answering is left to lsp/requests.
"""
