"""Structured logs: a line as a record of fields (JSON, logfmt, either in an envelope), and searches by a field."""
