"""What search workers do: plain functions over bytes, called by name (`module.function`) from the parent.

Every operation takes a Clock first and keyword arguments that pickle, checks the clock as it goes, and comes back
with what it has when time is up.
"""
