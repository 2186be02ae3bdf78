"""`python -m bench.quality.making DIR --novel FILE`: twelve questions with the texts that they are about, which are
made up from a seed, or this project's code and pages as they are.

The answers are worked out here from the same data, by other means than the verbs; DIR/index.json is an index for
`python -m bench.quality`. FILE is War and Peace as Project Gutenberg has it (2600); without it two are left out.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlm_ls.cli.demo.generate import demo_log

ROOT = Path(__file__).parent.parent.parent
CODE = ROOT / "server" / "rlm_ls"
ENDING = "\nEnd with one line: ANSWER: {}"

PODS = 23
EVENTS = 12_000
SPOKEN = 9_000
PLACES = ("pantry", "boathouse", "attic", "chapel", "orchard shed")
OTHERS = ("cellar", "stable", "library", "kitchen", "garden", "mill", "bakery", "school", "harbour", "post office")
SPEAKERS = ("ANNA", "BRUNO", "CLARA", "DAVID", "EDITH", "FRANZ")
THINGS = ("lamp", "ladder", "kettle", "map", "saddle", "clock", "umbrella", "basket", "violin", "spade")
SAYINGS = (
    "I cannot say that I slept well, but the rain kept the {thing} company in the {place}.",
    "Have you seen the {thing}? It was in the {place} when I last looked, and nobody has been there since.",
    "We shall be late if the {thing} is not mended, and then what will they say at the {place}?",
    "Never mind the {thing}. Yesterday somebody left the door of the {place} open all night.",
    "My uncle painted the {place} green once, and lost his {thing} over it.",
)


def questions(folder: Path, novel: Path | None) -> Iterator[dict[str, Any]]:
    """Each question of the index; its text is written into `folder` on the way."""
    if novel is not None:
        yield from _chapters(folder, novel.read_text(encoding="utf-8"))
    yield from _code(folder)
    yield from _pages(folder)
    yield from _log(folder)
    yield _pods(folder)
    yield _dialogue(folder)


def _question(name: str, text: Path, question: str, form: str, answer: Any, scoring: str) -> dict[str, Any]:
    return {
        "id": name,
        "context": text.name,
        "question": question + ENDING.format(form),
        "answer": answer,
        "scoring": {"type": scoring},
    }


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _chapters(folder: Path, novel: str) -> Iterator[dict[str, Any]]:
    chapters = re.split(r"^(?=CHAPTER [IVXL]+$)", novel[novel.index("\nBOOK ONE") :], flags=re.MULTILINE)
    two = _written(folder / "two-chapters.txt", chapters[10] + chapters[11])
    asked = "What is the girl's doll called, and what became of its head by what the young officer tells?"
    yield _question("chapters", two, asked, "<name>; <what became of it>", ["Mimi", "crack"], "contains_all")
    one = _written(folder / "one-chapter.txt", chapters[9])
    asked = "For how much is the bet, and who pays in the end, by nationality?"
    yield _question("bet", one, asked, "<sum>; <nationality>", ["fifty imperials", "English"], "contains_all")


def _code(folder: Path) -> Iterator[dict[str, Any]]:
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in sorted(CODE.rglob("*.py"))}
    pack = _written(folder / "code.txt", "".join(f"=== {path} ===\n{text}\n" for path, text in sources.items()))
    trees = {path: ast.parse(text) for path, text in sources.items()}
    engine = [tree for path, tree in trees.items() if path.startswith("server/rlm_ls/engine/")]
    number = sum(isinstance(node, ast.AsyncFunctionDef) for tree in engine for node in ast.walk(tree))
    asked = "How many functions are defined with `async def` in the files under server/rlm_ls/engine/?"
    yield _question("coroutines", pack, asked, "<number>", number, "number")
    naming = sum(re.search(r"\bJournal\b", text) is not None for text in sources.values())
    asked = "In how many files does the name `Journal` stand (as a whole word, in this case)?"
    yield _question("naming", pack, asked, "<number>", naming, "number")
    lengths: dict[str, int] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if path.startswith("server/rlm_ls/store/") and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths[node.name] = max(lengths.get(node.name, 0), (node.end_lineno or 0) - node.lineno)
    asked = "Which function or method in the files under server/rlm_ls/store/ has the most lines?"
    yield _question("longest", pack, asked, "<name>", max(lengths, key=lambda name: lengths[name]), "contains")


def _pages(folder: Path) -> Iterator[dict[str, Any]]:
    for name, page, asked, form, answer in (
        (
            "test",
            "SECURITY.md",
            "Which test shows that every Python that is started is isolated? Its function's name.",
            "<name>",
            "test_every_python_that_is_started_is_isolated",
        ),
        (
            "error",
            "docs/protocol.md",
            "Which error says that a file was truncated or replaced while a run was reading it? Its code and its name.",
            "<code> <name>",
            "DocumentChanged",
        ),
        (
            "command",
            "README.md",
            "Which command prints what a bug report needs, without texts and secrets?",
            "<command>",
            "doctor --report",
        ),
    ):
        text = Path(shutil.copy(ROOT / page, folder))
        assert answer in text.read_text(encoding="utf-8"), f"{page} no longer says {answer}"
        yield _question(name, text, asked, form, answer, "contains")


def _log(folder: Path) -> Iterator[dict[str, Any]]:
    text = Path(shutil.copy(demo_log(folder / ".made", lines=20_000), folder))
    shutil.rmtree(folder / ".made")
    times: defaultdict[str, list[int]] = defaultdict(list)
    users: set[str] = set()
    for line in text.read_text(encoding="utf-8").splitlines():
        _, level, service, *rest = (*line.split(), "", "", "")
        for word in rest:
            if word.startswith("took=") and word.endswith("ms"):
                times[service].append(int(word[5:-2]))
            elif word.startswith("user=") and level == "ERROR":
                users.add(word)
    slowest = max(times, key=lambda service: sum(times[service]) / len(times[service]))
    asked = "Which service is the slowest, by the mean of `took` of its lines?"
    yield _question("slowest", text, asked, "<service>", slowest, "exact")
    asked = "How many different users stand in ERROR lines?"
    yield _question("users", text, asked, "<number>", len(users), "number")


def _pods(folder: Path) -> dict[str, Any]:
    chance = random.Random(11)
    warned: Counter[str] = Counter()
    lines = []
    for number in range(EVENTS):
        pod = f"cart-{chance.randrange(PODS):02}"
        level = chance.choices(("info", "debug", "warning", "error"), (70, 20, 7, 3))[0]
        warned[pod] += level == "warning"
        told = chance.choice(("cache miss", "slow query", "warning lamp tested", "retry", "request served"))
        stamp = f"2026-05-04T{number // 500:02}:{number % 500 // 9:02}:{number % 60:02}Z"
        event = {"ts": stamp, "level": level, "kubernetes": {"pod": pod, "node": f"n{chance.randrange(5)}"}}
        lines.append(json.dumps({**event, "message": told, "ms": chance.randrange(3, 900)}))
    most = warned.most_common(3)
    asked = "Which three pods have the most events of level warning, and how many each?"
    text = _written(folder / "events.jsonl", "\n".join(lines) + "\n")
    return _question("pods", text, asked, "first=count; second=count; third=count", most, "ranked")


def _dialogue(folder: Path) -> dict[str, Any]:
    chance = random.Random(12)
    moves = dict(zip(sorted(chance.sample(range(500, SPOKEN), len(PLACES) - 1)), range(1, len(PLACES)), strict=True))
    lines = []
    for number in range(SPOKEN):
        said = chance.choice(SAYINGS).format(thing=chance.choice(THINGS), place=chance.choice((*OTHERS, *PLACES)))
        if number in moves:
            at = moves[number]
            said = (
                f"I have carried the brass key from the {PLACES[at - 1]} to the {PLACES[at]}, do not tell the others."
            )
        lines.append(f"{chance.choice(SPEAKERS)}: {said}")
    text = _written(folder / "dialogue.txt", "\n".join(lines) + "\n")
    asked = "The brass key lay in the pantry first. Where was it at the end, after all who carried it?"
    return _question("key", text, asked, "<place>", PLACES[-1], "contains")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.quality.making", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--novel", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    made = list(questions(arguments.folder, arguments.novel))
    _written(arguments.folder / "index.json", json.dumps(made, ensure_ascii=False, indent=1))
    print(f"{len(made)} questions: {arguments.folder / 'index.json'}")


if __name__ == "__main__":
    main()
