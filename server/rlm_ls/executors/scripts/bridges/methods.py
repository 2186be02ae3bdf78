"""Which values have which methods: a method as a value is bridged for these, and an error for all others."""

from __future__ import annotations

import collections
import datetime
import re

BUILTIN: tuple[type, ...] = (str, bytes, int, float, list, tuple, dict, set, frozenset)
OTHERS: tuple[type, ...] = (
    re.Pattern,
    re.Match,
    collections.Counter,
    collections.deque,
    collections.defaultdict,
    datetime.datetime,
    datetime.timedelta,
)
BUILTIN_NAMES = frozenset(kind.__name__ for kind in BUILTIN)
_CALLED = {
    kind: kind.__name__ if kind in (*BUILTIN, collections.Counter) else f"{kind.__module__}.{kind.__name__}"
    for kind in (*BUILTIN, *OTHERS)
}
"""What the sandbox calls them."""

_KINDS = {
    name: " ".join(called for kind, called in _CALLED.items() if callable(getattr(kind, name, None)))
    for kind in _CALLED
    for name in dir(kind)
    if not name.startswith("_") and callable(getattr(kind, name))
}
HAVING = tuple(sorted(set(_KINDS.values())))
METHODS = {name: HAVING.index(kinds) for name, kinds in _KINDS.items()}
"""Of each method the number of the kinds in HAVING: inside an f-string there may be no quotation marks."""
