"""All verbs. Importing this module registers them."""

from rlm_ls.executors.verbs import asking, counting, dividing, ending, finding, noticing, programs, reading
from rlm_ls.executors.verbs.charts import charting

__all__ = ["asking", "charting", "counting", "dividing", "ending", "finding", "noticing", "programs", "reading"]
