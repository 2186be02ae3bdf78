"""Questions about code: where a name is defined, which classes and functions there are, what inherits from what."""

from __future__ import annotations

import re

from rlm_ls.models.offline.parsing.vocabulary import FILLER, FUNCTION
from rlm_ls.models.offline.rules.asked import Asked
from rlm_ls.models.offline.rules.script import Script, coded, raw, within

DEFINES = "class|def|fn|func|function|struct|enum|trait|interface|type|impl|module|namespace|const|let|var|macro_rules!"
MODIFIERS = r"(?:(?:pub|public|private|static|export|default|async|abstract|final)\s+)*"
FUNCTION_HEAD = rf"{MODIFIERS}(?:def|fn|func|function)\s+"
A_THING = r"(?:function|class|method|struct|type|constant|variable|enum|trait|interface)"
OWN_WORDS = frozenset(
    [
        "defined",
        "define",
        "defines",
        "definition",
        "declared",
        "declares",
        "declaration",
        "implemented",
        "implements",
        "implementation",
        "source",
        "code",
        "codebase",
        "project",
        "class",
        "classes",
        "function",
        "functions",
        "method",
        "methods",
        "struct",
        "structs",
        "name",
        "names",
        "top-level",
        "level",
        "top",
        "module",
        "free",
        "not",
        "no",
        "inherits",
        "inherit",
        "inherited",
        "extends",
        "derives",
        "derived",
        "subclass",
        "subclasses",
        "base",
        "line",
        "total",
        "types",
        "type",
        "def",
        "here",
        "directly",
        "begin",
        "begins",
        "start",
        "starts",
    ]
)

DEFINED = r"""
cite, cut = regex($pattern$where, limit=20), ''
if not cite:
    cite = [e.span for d in docs()[:500] for e in outline(d) if e.name == $name]
    cut = f'\n\nOnly the first 500 of {len(docs()):,} documents were outlined.' if len(docs()) > 500 else ''
short = f'{cite[0].doc}:{cite[0].line}' if cite else ''
rows = '\n'.join(f'- {s.doc}:{s.line}: {s.text.strip()[:200]}' for s in cite)
one = f', line {cite[0].line} of {cite[0].doc}' if len(cite) == 1 else ' in'
answer = f'$title is defined{one}:\n{rows}{cut}' if cite else ''
"""

DEFINITIONS = r"""
cite = regex($pattern$where, limit=1000)
names, cut = [[g for g in s.groups if g][0] for s in cite], ''
if not names:
    entries = [e for d in docs()[:500] for e in outline(d) if ${condition}e.kind == $kind]
    names, cite = [e.name for e in entries], [e.span for e in entries]
    cut = f'\n\nOnly the first 500 of {len(docs()):,} documents were outlined.' if len(docs()) > 500 else ''
number = count($pattern$where) if len(names) == 1000 else len(names)
short = $short
rows = '\n'.join(f'- {name} ({s.doc}:{s.line})' for name, s in zip(names[:200], cite))
more = f'\n- and {number - 200:,} more' if number > 200 else ''
if cut:
    short = f'{short} (in the first 500 documents of {len(docs()):,})'
answer = f'{number:,} x $label:\n{rows}{more}{cut}' if names else ''
cite = cite[:20]
"""

MEMBERS = r"""
paths = list(dict.fromkeys(s.doc for s in regex($head$where, limit=200)))[:50]
entries = [e for path in paths for e in outline(path)]
owners = [e for e in entries if e.name == '$owner' and e.kind not in ('function', 'method')]
def within_owner(e):
    own = owners[0].span
    return e.span.doc == own.doc and own.line < e.span.line <= own.end_line and e.level == owners[0].level + 1
inside = [e for e in entries if e.kind in ('function', 'method') and len(owners) == 1 and within_owner(e)]
found = [e for e in inside if re.search($modifier, e.signature)]
names, cite = [e.name for e in found], [e.span for e in found[:20]] or [e.span for e in owners]
short = $short
rows = '\n'.join('- ' + name for name in names)
answer = f'$owner defines {len(names)}$said:\n{rows}' if inside else ''
"""
MODIFIED = {
    "private": r"\bprivate\b|#\w+\s*[(<]|\b(?:def|fn) _(?!_)",
    **{word: rf"\b{word}\b" for word in ("async", "public", "static", "protected", "abstract")},
}
"""What is said of methods, by how languages write it."""

INHERITS = r"""
cite = regex($pattern$where, limit=1000)
names = [[group for group in s.groups if group][0] for s in cite]
more = count($pattern$where) - len(names) if len(names) == 1000 else 0
cut = f'and {more:,} more' if more else ''
short = '; '.join([*names, cut] if cut else names)
answer = '\n'.join(f'- {name} ({s.doc}:{s.line})' for name, s in zip(names, cite)) + (f'\n- {cut}' if cut else '')
cite = cite[:20]
"""


def _all_used(asked: Asked, *used: str) -> bool:
    """Whether every word that carries meaning is the rule's own, or in `used`."""
    text = asked.question.unnamed
    for piece in used:
        text = text.replace(piece, " ")
    words = re.findall(r"[\w-]+", text.lower())
    return all(word in FUNCTION or word in FILLER or word in OWN_WORDS for word in words)


def defined(asked: Asked) -> Script | None:
    """Where X is defined."""
    question = asked.question
    if not re.search(r"\bdefin|\bdeclar|\bimplement|\bline\b.*\b(?:begin|start)s?\b", question.lower):
        return None
    thing = rf"(?:the )?(?:{A_THING} )?[`'\"]?([A-Za-z_][\w.:]*)[`'\"]?(?:\(\))?(?: {A_THING})?"
    match = (
        re.search(rf"\bdefinition of {thing}", question.body, re.IGNORECASE)
        or re.search(rf"\bwhere (?:is|are) {thing}", question.body, re.IGNORECASE)
        or re.search(
            rf"\bwh(?:ich|at) (?:file|line|module) (?:defines|declares|implements) {thing}", question.body, re.I
        )
        or re.search(
            rf"\b(?:(?:in|on|at) )?wh(?:ich|at) (?:file|line|module)(?: number)? (?:is|are|does|do) {thing}",
            question.body,
            re.I,
        )
    )
    if match is None or not _all_used(asked, match[1]):
        return None
    name = re.split(r"[.:]+", match[1].strip(".:"))[-1]
    return coded(
        f"I look for a definition of {name}.",
        DEFINED,
        pattern=raw(rf"\b(?:{DEFINES})\s+(?:\([^)]*\)\s*)?{name}\b|^\s*{name}\s*(?::[^=]*)?="),
        where=within(asked.place),
        name=repr(name),
        title=name,
    )


def definitions(asked: Asked) -> Script | None:
    """How many, or which, classes or functions there are: in all, at top level, or within one class."""
    question, lower = asked.question, asked.question.lower
    match = re.search(r"\b(class|struct|function|method)(?:e?s)?\b", lower)
    if match is None or not re.search(r"\bhow many\b|\blist\b|\bwhich\b|\bwhat\b|\bnames?\b|\bnumber of\b", lower):
        return None
    kind, many = match[1], "how many" in lower or "number of" in lower
    owner = re.search(r"\b(?:of|in|has|have|inside|does)\b(?: the)?(?: class)? [`'\"]?([A-Z]\w+)[`'\"]?", question.body)
    said = [word for word in MODIFIED if re.search(rf"\b{word}\b", lower)]
    if owner and kind in {"method", "function"} and len(said) < 2 and _all_used(asked, owner[1], *said):
        return _members(asked, owner[1], said, many=many)
    if not re.search(r"\bdefin|\bdeclar|\bhow many\b|\blist\b|\bare there\b|\bname", lower) or not _all_used(asked):
        return None
    if not all(document.language for document in question.columns.sampled):
        return None
    top = kind == "function" and re.search(r"\bnot methods\b|module[- ]level|top[- ]level|free functions", lower)
    if kind in {"class", "struct"}:
        pattern = rf"^\s*{MODIFIERS}{kind}\s+(\w+)|^\s*type\s+(\w+)\s+{kind}\b"
    else:
        pattern = rf"^{'' if top else chr(92) + 's' + '+*'[kind == 'function']}{FUNCTION_HEAD}(\w+)"
    return coded(
        f"I list every {'top-level ' if top else ''}{kind} by its definition.",
        DEFINITIONS,
        pattern=raw(pattern),
        where=within(asked.place),
        condition="e.level == 0 and " if top else "",
        kind=repr(kind),
        short="number" if many else _short(many),
        label=f"{'top-level ' if top else ''}{kind}",
    )


def _members(asked: Asked, owner: str, said: list[str], *, many: bool) -> Script:
    return coded(
        f"I find {owner} and list the functions in it.",
        MEMBERS,
        head=raw(rf"\b(?:class|struct|impl|interface|trait)\b.*\b{owner}\b"),
        where=within(asked.place),
        modifier=raw(MODIFIED[said[0]] if said else ""),
        said=f" {said[0]}" if said else "",
        short=_short(many),
        owner=owner,
    )


def inherits(asked: Asked) -> Script | None:
    question = asked.question
    match = re.search(
        r"\b(?:inherits?|derives?|derived|extends?|subclass(?:es)?|implements?)\b"
        r"(?: directly)?(?: (?:from|of))?(?: the)?(?: class| interface| trait)? [`'\"]?([A-Za-z_]\w*)",
        question.body,
    )
    if match is None or not re.search(r"\bclass|\btypes?\b|\bstructs?\b|\bwh(?:o|at|ich)\b", question.lower):
        return None
    base = match[1]
    if not _all_used(asked, base):
        return None
    return coded(
        f"I look for definitions that name {base} as their base.",
        INHERITS,
        pattern=raw(
            rf"\bclass\s+(\w+)\s*\([^)]*\b{base}\b"
            rf"|\b(?:class|interface)\s+(\w+)\b.*\b(?:extends|implements)\b.*\b{base}\b"
            rf"|\b(?:class|struct)\s+(\w+)\s*:\s*.*\b{base}\b|\bimpl\b.*\b{base}\s+for\s+(\w+)"
        ),
        where=within(asked.place),
    )


def _short(many: bool) -> str:
    return "len(names)" if many else "'; '.join(names)"
