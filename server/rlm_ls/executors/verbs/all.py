"""All verbs. Importing this module registers them."""

from rlm_ls.executors.verbs import asking, counting, dividing, ending, finding, noticing, programs, reading

__all__ = ["asking", "counting", "dividing", "ending", "finding", "noticing", "programs", "reading"]
