"""Everything that can be asked of a Context."""

from __future__ import annotations

from rlm_ls.context.search.matching import Matching
from rlm_ls.context.search.places import Places
from rlm_ls.context.search.sections import Sections
from rlm_ls.context.search.values import Values


class Search(Matching, Values, Places, Sections):
    """All searches of one Context: `Search(context, pool, deadline_seconds=20.0)`. One per run.

    `within` is a Selection as `region.resolve` makes it; documents are numbers in `context.documents`. Results that
    are late come back partial and say so; errors are RlmErrors. Cancelling a call kills the workers that serve it.
    """
