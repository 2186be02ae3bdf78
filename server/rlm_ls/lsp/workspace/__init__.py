"""What the editor has told of the user's texts: open texts, edits, folders, diagnostics, and a question's scope made
of them. Sends nothing and runs nothing.
"""
