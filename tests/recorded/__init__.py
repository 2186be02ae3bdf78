"""Runs recorded with a large language model over texts the tests can make: they pin the protocol."""
