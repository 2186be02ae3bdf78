"""Errors as a model can use them: the whole message, the line it happened on, and what to do instead."""

from __future__ import annotations

import builtins
import difflib
import re

from pydantic_monty import MontyCrashedError, MontyError

from rlm_ls.executors.scripts.bridges.edits import ADDED
from rlm_ls.executors.scripts.corrections import corrected
from rlm_ls.executors.scripts.output import cap
from rlm_ls.executors.scripts.prelude import MODULES
from rlm_ls.executors.verbs.registry import VERBS

MESSAGE = 3_000
"""Characters of an exception's text: a script may put anything into it."""

SPAN = "A Span has .doc .line .end_line .start .end .text .match .column .end_column .groups .word."

NO_FILES = (
    "The sandbox has no files, network or environment: text(path) reads a document, lines(1, 20) a part of it, find, "
    "regex and count search it; docs() lists them."
)

HINTS: tuple[tuple[str, str], ...] = (
    (r"a coroutine or an awaitable is required", "Verbs are plain functions: call them one after the other."),
    (
        r"'_later' cannot suspend",
        "No verb that asks a model inside map(), sorted() or a key: [llm(prompt, c) for c in …] first, or llm_map.",
    ),
    (r"can't be awaited", "Verbs are plain functions: call them without await."),
    (r"'Span' object has no attribute", SPAN),
    (r"'Doc' object", "A Doc has .path .language .characters .lines .longest_line; text(doc.path) reads it."),
    (r"'Entry' object", "An Entry has .kind .name .level .signature .span; text(entry.span) reads it."),
    (r"'Selection' object is not subscriptable", "text(selection).splitlines() gives its lines."),
    (r"'Selection'", "A Selection is used as within=…; text(it) reads it."),
    (r"'Span' has no len", "A Span is one place: for line in span gives its lines."),
    (r"'Span' object is not subscriptable", SPAN),
    (r"NoneType", "Spans of chunks() and split() carry no text: text(span) reads one."),
    (r"does not yet support yield", "No generators of this kind here: build a list."),
    (
        r"does not yet support class inheritance",
        "No inheritance here: a class of its own, a function or a dict will do.",
    ),
    (
        r"does not yet support method decorators",
        "No such methods here: an ordinary one, called with (), or a function.",
    ),
    (r"does not yet support", "The sandbox runs a subset of Python: plain functions, classes, loops and lists."),
    (r"No module named '(os|sys|io|pathlib|glob|shutil|subprocess|tempfile|fileinput|mmap)\b", NO_FILES),
    (
        r"No module named '(requests|urllib|http|socket|aiohttp|httpx)\b",
        "The sandbox has no network: all there is to read are the documents that docs() lists.",
    ),
    (
        r"No module named '(pandas|numpy|polars)\b",
        "Not here: count(pattern, by=…), top, stats and extract do the bulk on the server.",
    ),
    (
        r"No module named '(dateutil|pytz|zoneinfo|arrow|pendulum|calendar)\b|struct_time",
        "datetime.strptime(text, format) and datetime.fromisoformat(text) read times; .timestamp() gives seconds.",
    ),
    (
        r"No module named",
        f"Imported beforehand: {MODULES}; there are itertools, functools, statistics, string, heapq and few others. "
        "The verbs do the rest.",
    ),
    (r"Permission denied|not supported in this environment|name 'open' is not defined", NO_FILES),
    (r"name 'input' is not defined", "Nobody is asked here: what the question does not say, look for with verbs."),
    (r"'list' object is not an iterator", "Generator expressions are lists here: next(iter(…))."),
    (r"object is not callable", "A variable has the name of the function that is called: give the variable another."),
    (
        r"(list|tuple) indices must be integers or slices, not str",
        "It has no names: .groups[0] is the first group, and dict(top(…)) goes by its values.",
    ),
    (
        r"string indices must be integers",
        "This is a text; extract gives texts where there is one group, tuples of several.",
    ),
    (
        r"'int' object has no attribute '(items|keys|values|most_common|get)'",
        'count gives a number: top(pattern) lists values with their numbers, by="doc" gives a dict by path.',
    ),
    (r"['\"]Span['\"]|Span found", SPAN),
    (r"memory limit exceeded", "Do not hold bulk text in variables: count, top, stats and extract work on the server."),
)


def explain(error: MontyError, source: str, ran: str, limit_seconds: float) -> str:
    """The error for the model, whole; "" where a script ended itself by exit(), without a word of complaint. `source`
    is the script as written, `ran` the same lines as they were run."""
    if isinstance(error, MontyCrashedError):
        return f"The sandbox's process ended: {error}. Do less at once."
    if isinstance(ended := error.exception(), SystemExit) and str(ended) in ("", "0"):
        return ""
    message = cap(_message(error), MESSAGE)
    if "time limit exceeded" in message:
        message = f"TimeoutError: the script ran for more than {limit_seconds:g} s of its own time"
        hint = "Loops over bulk text are slow here: let count, top, stats, extract or filter do them on the server."
    else:
        hint = _hint(message)
    line = _line(error, source, ran)
    written = source.splitlines()[line - 1].strip() if line else ""
    where = f"Error on line {line}: {written[:200]}\n" if line else "Error: "
    if written and (meant := corrected(message, written)):
        hint = f"Write: {meant}"
    return f"{where}{message}" + (f"\nHint: {hint}" if hint else "")


def _message(error: MontyError) -> str:
    inner = error.exception()
    kind = type(inner).__name__
    text = str(error)
    return text if text.startswith(kind) else f"{kind}: {text}" if text else kind


def _line(error: MontyError, source: str, ran: str) -> int:
    """The innermost line of the script itself: frames inside the wrappers of verbs are not the model's business."""
    if not hasattr(error, "traceback"):
        return 0
    written, lines = len(source.splitlines()), ran.splitlines()
    for frame in reversed(error.traceback()):
        shown = (frame.source_line or "").strip().partition("\n")[0].strip()  # of several lines, the first
        if 0 < frame.line <= len(lines) and shown == lines[frame.line - 1].strip():
            line = int(frame.line) - sum(one.endswith(ADDED) for one in lines[: frame.line])
            if 0 < line <= written:
                return line
    return 0


MEANT = {
    "find(text) or regex(pattern)": ("search", "grep", "find_all", "findall", "lookup", "query", "search_text", "scan"),
    "text(path) or lines(1, 20)": (
        "read",
        "read_file",
        "read_text",
        "get_text",
        "load",
        "cat",
        "context",
        "head",
        "tail",
    ),
    "submit(answer, cite=[…])": ("FINAL", "FINAL_VAR", "final_answer", "final", "answer", "finish", "respond", "cite"),
    "llm(prompt, over=span)": ("llm_query", "ask", "ask_llm"),
}
"""What is written here for names that scripts have elsewhere."""


def _hint(message: str) -> str:
    for pattern, hint in HINTS:
        if re.search(pattern, message):
            return hint
    if name := re.search(r"name '(\w+)' is not defined", message):
        if meant := next((verb for verb, names in MEANT.items() if name[1] in names), ""):
            return f"Here it is {meant}."
        if hasattr(builtins, name[1]):
            return f"The sandbox runs a subset of Python, without {name[1]}()."
        close = difflib.get_close_matches(name[1][:100], [*VERBS, "show", "help", "print"], n=2)
        return (
            f"Did you mean {' or '.join(close)}?"
            if close
            else "Assign it first: an earlier script may have stopped before it."
        )
    if unexpected := re.match(r"TypeError: (\w+)\(\)", message):
        return VERBS[unexpected[1]].signature if unexpected[1] in VERBS else ""
    return ""
