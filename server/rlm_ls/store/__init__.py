"""The store: the run history in SQLite, what may enter it, and recordings. It knows rows and JSON, not the engine."""
