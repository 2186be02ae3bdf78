"""Python's regular expressions written for linear-time engines, with Python's meaning. Knows no document."""
