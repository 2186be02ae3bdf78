"""The workspace as the client has described it: open texts, edits, folders, diagnostics, and the scope of a question
made of them. Sends nothing and runs nothing."""
