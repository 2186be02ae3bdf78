"""Models: a provider, the editor, a recording, or rules that reply to messages. Knows no run and no document."""
