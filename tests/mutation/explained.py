"""Changes that no test can notice, or none should, and why. Each is known by a part of a changed line of mutmut's
difference (with its `+`, if need be), and by what else must stand in it, changed or not.
"""

from __future__ import annotations

EXPLAINED: dict[tuple[str, ...], str] = {
    ('name="rlm-write"',): "A thread's name is for whoever looks at the process; the process ends by os._exit.",
    ('name="rlm-read"',): "As above.",
    ("+    if len(self._read) > length:",): "The same bytes by the longer way, which then has nothing to read.",
    ("Reservation(0, None), sub=sub)", "nothing :="): "A reservation of nothing is nothing, priced or not.",
    (
        "Reservation(1, 0.0), sub=sub)",
        "nothing :=",
    ): "It is settled in the same breath; where it does not fit, so is it.",
    ("log.",): "The wording of a log.",
    ("+        data = self._more(min(missing, ",): "How much is asked for at once: the same bytes come.",
    ("+            if len(parts)",): "How small pieces are put together: the same bytes, in more or less memory.",
    ("raise ValueError(", "_no_number"): "Only its kind is told: its text may quote the message.",
    ("raise ValueError(", "def _finite"): "As above.",
    ("timeout: float = 1.5", "def close"): "How long an end may take at most; no test measures time.",
    ("code <= 0x10000",): "There is no unsafe character of this code, nor of the one before.",
    ("code < 65537",): "As above.",
    ("code <= 0x100 ",): "As above.",
    ("code < 257",): "As above.",
    ("ensure_ascii=None",): "json takes None for False.",
    ("auto_decompress=None",): "aiohttp takes None for False.",
    ("strict=None",): "ipaddress takes None for False.",
    ('encode("UTF-8"',): "Another name of the same encoding.",
    ("_digested(item, None)",): "A rule that looks at the text alone: the parameter is there for the others.",
    (
        "dict.fromkeys(",
        "def _fields",
    ): "Called when the module is imported, before a change is chosen; see FIELDS' test.",
    ('literal.lstrip("XX',): "No literal begins with an X.",
    ("any(mark not in value",): "The same result, slower: the marks only save the pattern.",
    ("keepalive_timeout=None",): "How long an idle connection is kept.",
    ("keepalive_timeout=31",): "As above.",
    ("TCPConnector(limit=0, resolver",): "As above.",
    ('headers.get("CONTENT-TYPE"',): "httpx takes names of headers in any case.",
    ("for name in (", '"CONTENT-ENCODING"'): "As above.",
    ("for name in (", '"CONTENT-LENGTH"'): "As above.",
    ("for name in (", '"TRANSFER-ENCODING"'): "As above.",
    ("for name in (", '"SET-COOKIE"'): "As above.",
    ('headers.get("content-type", "XXXX")',): "No kind of a stream, as the empty one.",
    ("+        os.chmod(", "def set_mode"): "Windows alone.",
    ("_KEY.finditer(", "def _private_key"): "How far around is looked: a header and four characters are within it.",
    ('rstrip("XX.XX")', "host"): "Hosts are in small letters here.",
    ('hostname or "XXXX"',): "Nobody's host either: hosts are in small letters.",
    ('return "XXXX"', "urlsplit(url)"): "As above.",
    ('return "XXXX"', "url.isprintable()"): "As above.",
    ("number.bit_length() <= 64",): "A line of twenty digits is none, whichever way that is found.",
    ("number.bit_length() < 65",): "As above.",
    ("path.name[:101]",): "How much of a name a temporary one shows.",
    ("missing_ok=", "Path(temporary)"): "It is there: what fails, fails before it is moved.",
    ("end + 257",): "As above.",
    ('"LATIN-1"',): "Another name of the same encoding.",
    ("start - 129", "def _detected"): "One character off, within a token of twenty and more.",
    ("found.start() <= here <= found.end()",): "A token's beginning does not stand behind its end.",
    ("start : start + 513",): "How far is looked: a token and what stands before it is shorter.",
}

ELSEWHERE: dict[str, str] = {
    "rlm_ls.models.providers.transport.install": "tests/unit/models/test_hostile_endpoints.py",
}
"""Functions that are tried whole, against real servers or processes: too slow to be asked about each change."""
