"""Whoever replies to messages: a provider, the editor, a recording, rules. Knows no run and no document."""
