"""The verbs. Importing this package registers them."""

from rlm_ls.executors.verbs import counting, dividing, ending, finding, noticing, programs, reading, unavailable

__all__ = ["counting", "dividing", "ending", "finding", "noticing", "programs", "reading", "unavailable"]
