"""What search workers do: plain functions over bytes, called by name (`module.function`) from the parent process.

Every operation takes a Deadline first and keyword arguments that can be pickled. It checks the deadline as it goes, and
returns what it has when time is up.
"""
