"""Questions about what a piece of code does: a parameter's default, who raises or calls something, what a class is made
of, what a module exports. Each is read whole, by one pattern; what else is asked is not understood."""

from __future__ import annotations

import re

from rlm_ls.models.offline.code.definitions import MODIFIERS
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, coded, raw, within
from rlm_ls.models.offline.shapes.shape import SHORT

ID = r"[`'\"]?(?:--)?(?P<name>[A-Za-z_$][\w$]*)(?:\(\))?[`'\"]?"
OWNER = (
    r"(?: (?:in|of|for|by)(?: the)?(?: (?:function|method))? "
    r"[`'\"]?(?:\w+\.)?(?P<owner>[A-Za-z_$][\w$]*)(?:\(\))?[`'\"]?)?"
)
PARAMETER = r"(?: (?:parameter|argument|option|setting|value))?"
DEFAULT = (
    r"(?:what(?:['’]?s| is) )?(?:the )?default(?: value)?(?: (?:of|for))?(?: the)?(?: number of)? "
    rf"{ID}{PARAMETER}{OWNER}",
    rf"what does (?:the )?{ID}{PARAMETER} default to{OWNER}",
)
RAISES = (
    r"(?:(?:which|what) (?:functions?|methods?)(?: (?:or|and) (?:functions?|methods?))?|who) "
    r"(?:can |may )?(?P<verb>raises?|throws?|calls?|returns?) "
    rf"(?:an? |the )?{ID}"
    r"(?: exceptions?| errors?)?",
)
EXTENDS = (
    rf"(?:what|which)(?: (?:class|type))? does (?:the )?(?:class )?{ID} "
    r"(?:extend|inherit(?: from)?|derive from|subclass)",
    rf"(?:what|which) is the (?:base|parent|super) ?class of {ID}",
)
EXPORTED = (
    r"(?:please )?(?:list|name|show|which|what|how many)(?: are)?(?: all)?(?: the)? exported "
    r"(?P<name>function|class)(?:e?s)?(?: are there)?",
    r"(?:which|what|how many) (?P<name>function|class)(?:e?s)? (?:does|do|are) (?:(?:this|the|it) ?)?"
    r"(?:(?:file|module|code) )?export(?:ed)?(?: by (?:this|the) (?:file|module))?",
)

PARAMETERS = r"""
def parameters(whole):
    depth = 0
    at = whole.find('(')
    for i, c in enumerate(whole[:4000]):
        depth += (c in '([{') - (c in ')]}') if i >= at else 0
        if i > at and depth == 0:
            return whole[at:i]
    return ''
def constant(value):
    if not re.fullmatch('[A-Z][A-Z0-9_]+', value):
        return value
    head = r'^\s*(?:export |pub |const |let |static |final )*'
    known = regex(head + value + r'\s*(?::[^=]*)?=\s*([^;#]*[^;#\s])', limit=9)
    return known[0].groups[0] if len(known) == 1 else ''
"""

DEFAULTS = r"""
paths = list(dict.fromkeys(s.doc for s in regex($named$where, limit=200)))[:50]
spans = [e.span for path in paths for e in outline(path) if $owned]
found = [(re.search($value, parameters(text(s)[:4000])), s) for s in spans]
values = list(dict.fromkeys(constant(m.group(1).strip()) for m, s in found if m))
cite = [s for m, s in found if m][:5]
for pattern in $elsewhere if not values else []:
    cite = cite or regex(pattern$where, limit=20)
    values = list(dict.fromkeys([g for g in s.groups if g][0].strip() for s in cite))
short = values[0] if len(values) == 1 else ''
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:200]}' for s in cite)
answer = f'The default of $name is {short}.\n{rows}' if short else ''
"""

ELSEWHERE = (
    # Columns of SQL, options of a command line, flags of Go, properties of C#, variables of the environment.
    r"(?i)^\s*[`\"\[]?NAME\b.*\bDEFAULT\s+('[^']*'|[^\s,]+)",
    r"(?i)[\"'`]-{0,2}NAME[\"'`].*\bdefault(?:_value)?\s*[=:]\s*(\"[^\"]*\"|'[^']*'|[^,)]+)",
    r"(?i)\bflag\.\w+\(\"NAME\",\s*([^,]+),|\bflag\.\w+\(&\w+,\s*\"NAME\",\s*([^,]+),",
    r"(?i)\bNAME\s*\{\s*get;[^}]*\}\s*=\s*([^;]+);",
    r"(?i)\bNAME\b\s*(?:\?\?|\|\|)=?\s*([^;,)]+)",
    r"(?i)\bdefault_?NAME\b\s*(?:[\w.]+\s*)?(?::[^=]*)?:?=\s*([^=;#]*[^=;#\s])",
)
"""Where else a default is said; the last: a constant that is called so, where no function is named."""

WITHIN = r"""
hits = [s for s in regex($pattern$where, limit=500) if not re.match($skipped, s.text)]
parts = {path: outline(path) for path in list(dict.fromkeys(s.doc for s in hits))[:50]}
names, cite = [], []
for s in hits:
    around_it = [e for e in parts.get(s.doc, []) if e.kind in ('function', 'method')
                 and e.span.line <= s.line <= e.span.end_line]
    if around_it and around_it[-1].name not in names:
        names.append(around_it[-1].name)
        cite = cite + [s]
short = '; '.join(names)
answer = '\n'.join(f'- {n} ({s.doc}:{s.line})' for n, s in zip(names, cite)) if len(hits) < 500 else ''
"""

NAMED = r"""
cite = regex($pattern$where, limit=1000)
names = list(dict.fromkeys([g for g in s.groups if g][0] for s in cite))
short = $short
answer = f'$title {len(names):,}$unit:\n' + '\n'.join(f'- {n}' for n in names) if names and len(cite) < 1000 else ''
cite = cite[:20]
"""


MARKED = (
    r"(?:please )?(?:list|show|find|what|which|are there|is there|any|how many|where|number of|count)(?: "
    r"are| is)?(?: me)?"
    r"(?: there)?(?: any| all)?(?: of)?(?: the)? (?P<name>TODO|FIXME|XXX|HACK)(?:['’]?s)?(?: comments?| "
    r"markers?| notes?)?"
    r"(?: are there| are in (?:it|here)| in (?:here|it|the code)| left)?",
)
MARKS = r"""
cite = regex($pattern$where, limit=200)
short = $short
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:200]}' for s in cite)
answer = f'{len(cite):,} lines hold $name:\n{rows}' if cite else 'None: no line holds $name.'
cite = cite[:20]
"""
IMPORTS = (
    r"(?:does|do|is) (?:this |the |it |that )?(?:module|file|script|code|program|class|package)? ?(?:in "
    r"the file )?(?:actually |ever )?"
    r"(?P<verb>imports?|uses?|using|depends? on|needs?|calls?) (?:the )?(?:module |library |package "
    r")?[`'\"]?(?P<name>[A-Za-z_][\w.]*)[`'\"]?"
    r"(?P<kind>(?: module| library| package| anywhere| at all| here)*)",
)
USED = r"""
cite = regex($pattern$where, limit=5)
n = count($pattern, by='line'$where)
short = 'yes' if n else 'no'
rows = ''.join(f'\n- {s.doc}:{s.line}: {s.text.strip()[:200]}' for s in cite)
answer = f'Yes: {n:,} {"line" if n == 1 else "lines"}.{rows}' if n else 'No: there is no line that $verb $name.'
"""


def marked(asked: Asked) -> Script | None:
    """The lines that somebody marked to come back to."""
    match = in_code(asked, MARKED)
    if match is None:
        return None
    return coded(
        f"I list the lines with {match['name']}.",
        MARKS,
        pattern=raw(rf"\b{match['name'].upper()}\b"),
        where=within(asked.place),
        short="len(cite)"
        if re.search("how many|number|count", match[0], re.IGNORECASE)
        else "'; '.join(s.text.strip() for s in cite)",
        name=match["name"].upper(),
    )


def uses(asked: Asked) -> Script | None:
    """Whether the code imports a module, or names it at all."""
    match = in_code(asked, IMPORTS)
    if match is None:
        return None
    name = re.escape(match["name"])
    imports = match["verb"].lower().startswith("import") or bool(re.search("module|library|package", match["kind"]))
    module = (
        rf"^\s*(?:import|from|use|require|#include)\b.*\b{name}\b|\brequire\(['\"]{name}|\bfrom ['\"]{name}|"
        rf"^\s*(?:\w+ )?\"(?:[\w.-]+/)*{name}\"\s*$"
    )
    return coded(
        f"I look whether {match['name']} is there.",
        USED,
        gives="yes",
        pattern=raw(module if imports else rf"\b{name}\b"),
        where=within(asked.place),
        verb="imports" if imports else "names",
        name=match["name"],
    )


PARTS = (
    r"(?:which|what)(?: are)?(?: the)?(?: possible| allowed| valid| different)? (?P<what>fields|columns|"
    r"values|members|attributes|properties|options|keys|"
    rf"states|variants|parameters|arguments) (?:does |do |of |in |are in |can )?(?:the )?(?:(?:struct|"
    rf"table|enum|class|type|function) )?{ID}"
    r"(?: (?:struct|table|enum|class|type|function|method))?(?: have| has| take| takes| be)?",
    r"what does (?:the )?(?:function |method )?(?P<name>[A-Za-z_]\w*)(?:\(\))? (?:return|do|raise|throw|"
    r"print|check|yield)\b.*",
    r"(?:under what|in which|on what) (?:conditions?|cases?) (?:does|do|is|will) (?:the )?(?:function |"
    r"method )?(?P<name>[A-Za-z_]\w*)(?:\(\))? .*",
    r"what happens (?:in|when|if) (?:the )?(?P<name>[A-Za-z_]\w*)\b.*",
)
BLOCK = r"""
heads = regex($pattern$where, limit=3)
cite = heads[:1] if len(heads) == 1 else []
block = around(heads[0], 0, 40).text.split('\n') if cite else []
end = 1
while end < len(block) and (not block[end].strip() or block[end][:1] in ' \t'):
    end = end + 1
closing = block[end:end + 1] if end < len(block) and block[end][:1] in ')}]' else []
if block and block[0].rstrip().endswith(';') and block[0].count('(') == block[0].count(')'):
    end = 1
shown = '\n'.join(block[:end] + closing).rstrip()
short = shown[:200]
answer = f'In its own words, line {cite[0].line} of {cite[0].doc}:\n\n```text\n{shown}\n```' if cite else ''
"""


def part_of(asked: Asked) -> Script | None:
    """What a definition holds: the fields of a structure, what a function returns. Its own lines are the answer."""
    match = in_code(asked, PARTS)
    if match is None:
        return None
    name = re.escape(match["name"])
    return coded(
        f"I read the definition of {match['name']}.",
        BLOCK,
        gives="passage",
        pattern=raw(
            rf"^\s*{MODIFIERS}(?:(?i:create (?:or replace )?(?:table|type|view|function))|def|fn|func|"
            rf"function|class|struct|enum|interface|trait|type|const)"
            rf"\s+(?:if not exists )?(?:\([^)]*\)\s*)?{name}\b"
        ),
        where=within(asked.place),
    )


CREATED = (
    r"(?:please )?(?P<how>list|name|which|what|how many)(?: are)?(?: all)?(?: the)? (?P<what>table|view|"
    r"index|type|trigger|function)(?:e?s|ices)?"
    r"(?: (?:are|does|do|get|were|is|there|it|the|this|schema|script|file|have|in|here|created?|creates?|"
    r"defined?|defines?))*",
)


def created(asked: Asked) -> Script | None:
    """The tables, views, indexes that a script of SQL creates."""
    text = re.sub(r"\s*\bin the file\b\s*", " ", asked.question.unnamed).strip(" ?.!")
    match = re.fullmatch(CREATED[0], text, re.IGNORECASE)
    pattern = r"(?i)^\s*create (?:or replace |unique |temporary )*$what (?:if not exists )?[`\"\[]?([\w.]+)"
    if match is None or not any(re.match(r"(?i)\s*create \w+", line) for line in asked.text.lines):
        return None
    return coded(
        f"I list what is created as a {match['what']}.",
        NAMED,
        pattern=raw(pattern.replace("$what", match["what"].lower())),
        where=within(asked.place),
        short="len(names)" if "how" in match["how"].lower() else "'; '.join(names)",
        title="Created:",
        unit=f" {match['what'].lower()}s",
    )


def in_code(asked: Asked, patterns: tuple[str, ...]) -> re.Match[str] | None:
    """The question as one of the patterns says it, whole, where the text is code."""
    text = re.sub(r"\s*\bin the file\b\s*", " ", asked.question.unnamed).strip(" ?.!")
    found = next((match for pattern in patterns if (match := re.fullmatch(pattern, text, re.IGNORECASE))), None)
    head = rf"\s*(?:{MODIFIERS}(?:def|fn|func|function|class)\s+\(?\w|(?i:create (?:table|type)) \w)"
    return found if found and any(re.match(head, line[:SHORT]) for line in asked.sample[:2000]) else None


def default_of(asked: Asked) -> Script | None:
    """The one default that a parameter has: in the function that is named, else wherever it has one."""
    match = in_code(asked, DEFAULT)
    if match is None:
        return None
    name, owner = match["name"], match["owner"]
    if owner and not any(re.search(rf"\b{re.escape(owner)}\s*[(<]", line[:SHORT]) for line in asked.sample):
        owner = None  # of the queue, which is no function but what all of it is about
    return coded(
        f"I look for the default of {name}.",
        PARAMETERS + DEFAULTS.lstrip("\n"),
        named=raw(rf"\b{re.escape(owner or name)}\b"),
        where=within(asked.place),
        owned=f"e.name == {owner!r}" if owner else "e.kind in ('function', 'method')",
        value=raw(rf"\b{re.escape(name)}\s*(?::[^=,()]*)?=\s*([^,)}}\n]+)"),
        name=name,
        elsewhere=[one.replace("NAME", rf"{re.escape(name)}s?") for one in (ELSEWHERE[:-1] if owner else ELSEWHERE)],
    )


def who_raises(asked: Asked) -> Script | None:
    """The functions whose bodies raise, throw or call something."""
    match = in_code(asked, RAISES)
    if match is None:
        return None
    name = re.escape(match["name"])
    verb = match["verb"].lower().removesuffix("s")
    pattern = {
        "call": rf"\b{name}\s*\(",
        "return": rf"\breturn\b[^;#]*\b{name}\b(?!\s*\()",
    }.get(verb, rf"\b(?:raise|throw)\s+(?:new\s+)?(?:\w+\.)*{name}\b")
    return coded(
        f"I look for what would {verb} {match['name']}, and in which functions that is.",
        WITHIN,
        pattern=raw(pattern),
        where=within(asked.place),
        skipped=raw(rf"\s*(?:#|//|\*|/\*|{MODIFIERS}(?:def|fn|func|function)\s+{name}\b)"),
    )


def what_extends(asked: Asked) -> Script | None:
    """What a class is derived from."""
    match = in_code(asked, EXTENDS)
    if match is None:
        return None
    return coded(
        f"I look for what stands behind {match['name']} where it is defined.",
        NAMED,
        pattern=raw(
            rf"\bclass\s+{re.escape(match['name'])}\b(?:<[^>]*>)?\s*"
            r"(?:\(\s*([\w.]+)|extends\s+([\w.]+)|:\s*(?:public\s+)?([\w.:]+)[^#]*\{\s*$)"
        ),
        where=within(asked.place),
        short="'; '.join(names)",
        title="Base classes:",
        unit="",
    )


def exported(asked: Asked) -> Script | None:
    """The functions or classes that a module of JavaScript or TypeScript exports where it defines them."""
    match = in_code(asked, EXPORTED)
    if match is None:
        return None
    many = "how many" in match[0].lower()
    return coded(
        f"I list what is exported as a {match['name']}.",
        NAMED,
        pattern=raw(
            rf"^\s*export\s+(?:default\s+)?(?:async\s+|abstract\s+)*{match['name'].lower()}\s*\*?\s+(\w+)"
            + (r"|^\s*export\s+const\s+(\w+)\s*=\s*(?:async\s*)?\(" if match["name"].lower() == "function" else "")
        ),
        where=within(asked.place),
        short="len(names)" if many else "'; '.join(names)",
        title="Exported:",
        unit="",
    )
