"""Compilers: which are here and proven to work, and having one compile what a model wrote. Never outside the jail."""
