"""Everything around a run under way in an editor: progress, streamed events, cancelling, asking for consent, showing
the answer. Knows no method by name.
"""
