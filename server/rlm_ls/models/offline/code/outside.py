"""What code takes from outside, and what tests it: modules, variables of the environment, unit tests."""

from __future__ import annotations

import re

from rlm_ls.models.offline.code.parts import ID, NAMED, in_code
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, coded, inside, raw, within

ONE = NAMED + "answer = answer if len(names) == 1 else ''\n"
"""Where there are several it is not known which is meant."""
FROM = (
    rf"(?:from )?(?:which|what) (?:module|package|library|file) (?:is|are|does|do) {ID} "
    r"(?:imported|come|comes)(?: from)?",
    rf"where (?:is|are) {ID} imported from",
)
IMPORTED = (
    r"(?:please )?(?:(?P<many>how many)|which|what|list|name)(?: are)?(?: all)?(?: the)?(?: different)? "
    r"(?:modules|packages|libraries|imports)(?: (?:does|do|is|are|it|the|this|program|file|script|module|code|imports?|"
    r"imported|uses?|used|there|here))*",
)
IMPORTS = (
    r"^\s*(?:import\s+(?:.*\bfrom\s+)?|\}\s*from\s+)[\"']([^\"']+)[\"']",
    r"\brequire\([\"']([^\"']+)[\"']\)",
    r"^\s*from\s+([\w.]+)\s+import\b",
    r"^\s*import\s+([\w.]+)",
    r"^\s*(?:pub\s+)?use\s+(?!super|self|crate)(\w+)",
    r"^\s*using\s+(?:static\s+)?([\w.]+);",
    r"^\s*#include\s+[<\"]([\w./+-]+)[>\"]",
)
"""How languages name a module that is taken in."""
GROUPED = r"^\s+(?:[\w.]+ )?\"((?:[\w.-]+/)*[\w.-]+)\"$"
"""How Go does within brackets."""

VARIABLE = (
    r"(?:which|what)(?: is the)? env(?:ironment)?(?: |-)?var(?:iable)? (?:sets?|holds?|gives?|configures?|controls?|"
    rf"contains?|is (?:used|read) for|for)(?: the)? {ID}(?: (?:url|key|path|name|value))?",
)
READ = (
    r"(?:getenv|environ(?:\.get)?|process\.env|env::var(?:_os)?|LookupEnv|Environ|EnvironmentVariable|\bENV|env)"
    r"\W{0,3}([A-Z][A-Z0-9_]{2,})\b"
)

TESTS = (
    r"(?:how many|(?:the )?number of|count(?: the)?|which|what|list|name)(?: are)?(?: all)?(?: the)? (?:unit )?tests?"
    r"(?: functions?| cases?| methods?)?(?: (?:are|there|does|do|it|the|this|file|module|have|has|contain|here|in|"
    r"defined))*",
)
TESTED = (
    r"^[ \t]*(?:async )?def (test_\w+)",
    r"^func (Test\w+)\(t \*testing\.T",
    r"^[ \t]*(?:it|test)\([\"'`](.+?)[\"'`]\s?,",
    r"^[ \t]*#\[(?:tokio::)?test\][ \t]*\n(?:[ \t]*#\[.*\n)*[ \t]*(?:async )?fn (\w+)",
    r"^[ \t]*(?:@Test\b|\[(?:Fact|Theory|Test|TestMethod)\b).*\n(?:[ \t]*[@\[].*\n)*.*?\b(\w+) ?\(",
)
"""How languages begin a test; of some the name stands on a line below."""


def imported_from(asked: Asked) -> Script | None:
    """The module that a name is taken from."""
    match = in_code(asked, FROM)
    if match is None:
        return None
    name = re.escape(match["name"])
    return coded(
        f"I look for where {match['name']} is imported.",
        ONE,
        pattern=raw(
            rf"^\s*import\b.*\b{name}\b.*\bfrom\s+[\"']([^\"']+)[\"']|^\s*from\s+([\w.]+)\s+import\b.*\b{name}\b|"
            rf"\b{name}\b.*=\s*require\([\"']([^\"']+)[\"']\)|^\s*use\s+([\w:]+?)::(?:\{{.*)?\b{name}\b|"
            rf"^\s*import\s+(?:static\s+)?([\w.]+)\.{name};"
        ),
        where=within(asked.place),
        short="'; '.join(names)",
        title=f"{match['name']} is imported from",
        unit="",
    )


def imports(asked: Asked) -> Script | None:
    """The modules that are taken in."""
    match = in_code(asked, IMPORTED)
    if match is None or any(re.match(r"\s*import [\w.]+(?: as \w+)?,", line) for line in asked.text.lines):
        return None  # several on a line
    grouped = (GROUPED,) if any(line.startswith("import (") for line in asked.text.lines) else ()
    return _listed(asked, (*IMPORTS, *grouped), "Imported:", many=match["many"] is not None)


def unit_tests(asked: Asked) -> Script | None:
    """The tests that stand in the code."""
    match = in_code(asked, TESTS)
    return None if match is None else _listed(asked, TESTED, "Tests:", many=not re.match("wh|li|na", match[0], re.I))


def _listed(asked: Asked, patterns: tuple[str, ...], title: str, *, many: bool) -> Script:
    across = ", multiline=True" if any(r"\n" in one for one in patterns) else ""
    return coded(
        f"I list them by how languages write them. {title}",
        NAMED,
        pattern=raw("|".join(patterns)),
        where=within(asked.place) + across,
        short="len(names)" if many else "'; '.join(names)",
        title=title,
        unit=" in all",
    )


def variable(asked: Asked) -> Script | None:
    """The variable of the environment that sets something: one that has its name, or is read on a line with it."""
    match = in_code(asked, VARIABLE)
    if match is None:
        return None
    name = re.escape(match["name"].removesuffix("s"))
    return coded(
        f"I look for variables of the environment beside {match['name']}.",
        ONE,
        pattern=raw(READ),
        where=within(inside(asked.place, (f"(?i)(?<![a-z]){name}",))),
        short="'; '.join(names)",
        title="The variable of the environment:",
        unit="",
    )
