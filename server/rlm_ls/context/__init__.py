"""The texts of a question and everything that can be asked of them. Knows no run, model or editor."""
