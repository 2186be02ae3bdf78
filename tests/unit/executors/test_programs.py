"""Compiled programs in a run: defined by a block, called by name, kept for later turns, runs and servers."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.compilers import LENGTH, Bench, benched, missing
from tests.scripted import TEXT, Asker, RunOutcome, asking, script

from rlm_ls.engine.trace.render import trace_markdown
from rlm_ls.errors import LevelUnavailable, ProgramError
from rlm_ls.executors.checking.checker import Checker, CheckerPool
from rlm_ls.executors.compiled.program_cache import ProgramCache
from rlm_ls.executors.compiled.programs import checked_name
from rlm_ls.executors.submodels.calls import FailedSubCall, SubCall
from rlm_ls.executors.submodels.calls import SubCallReply as Reply
from rlm_ls.models.recorded import RecordedModel, calls_from_events

LEVELS = ("dsl", "wasm")

BY_WORKER = """Plan.
```rust errors
fn analyze(input: &str) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for line in input.lines().filter(|line| line.contains("ERROR")) {
        let worker = line.split("worker=").nth(1).and_then(|rest| rest.split(' ').next());
        *counts.entry(worker.unwrap_or("?")).or_insert(0u32) += 1;
    }
    counts.iter().map(|(worker, n)| format!("{worker} {n}\\n")).collect()
}
```
"""
ERRORS = {str(w): sum(1 for n in range(600) if n % 10 == 3 and n % 7 == w) for w in range(7)}


def wat(name: str, source: str = LENGTH) -> str:
    return f"```wat {name}\n{source}\n```\n"


@pytest.fixture
async def ask(compilers: Path) -> Any:
    async with asking(compilers, levels=LEVELS, trace="full") as asker:
        yield asker


def kinds(told: RunOutcome, *types: str) -> list[Any]:
    return [event for event in told.events if event.type in types]


async def test_a_rust_program_is_defined_called_and_map_reduced_in_later_turns_too(ask: Asker) -> None:
    if "rust" not in await ask.engine.program_runner.languages(120):
        missing("a compiler for Rust")
    told = await ask(
        BY_WORKER + script("print(errors(filter('worker=3')))\nprint(map_reduce(errors, combine='sum'))"),
        script("again = errors\nprint(again() == errors(), map_reduce('errors', 'app.log', 'count'))"),
        script("if map_reduce(again, combine='sum')['3'] == 9: submit('nine', data=errors())"),
    )
    assert told.answer.answer == "nine"
    assert told.answer.data == "".join(f"{worker} {n}\n" for worker, n in sorted(ERRORS.items()))
    ranked = dict(sorted(ERRORS.items(), key=lambda item: (-item[1], item[0])))
    assert f"3 {ERRORS['3']}\n" in told.observations[0]
    assert str(ranked) in told.observations[0]
    assert "True 7" in told.observations[1]
    started, finished = kinds(told, "compileStarted", "compileFinished")
    assert (started.name, started.language, started.target, started.turn) == ("errors", "rust", "wasm", 1)
    assert "BTreeMap" in started.source
    assert finished.ok
    ran = kinds(told, "programRan")
    assert [event.turn for event in ran] == [1, 1, 2, 2, 2, 3, 3]
    assert ran[1].bytes == len(TEXT)


async def test_the_trace_shows_programs_and_replays_to_the_letter(ask: Asker) -> None:
    told = await ask(
        wat("size_of_it") + script("print(size_of_it(), map_reduce(size_of_it, combine='sum'))"), script("submit('x')")
    )
    run_id = told.answer.run_id
    events = await ask.engine.store.events(run_id)
    shown = trace_markdown(await ask.engine.store.run(run_id), events)
    for words in (
        "*Program size_of_it (wat wasm)*",
        "```wat\n(module",
        "*Compiled size_of_it",
        f"over {len(TEXT):,} bytes",
    ):
        assert words in shown
    model = RecordedModel(calls_from_events(events), strict=True)
    from tests.scripted import document

    from rlm_ls.engine.request import AskRequest

    request = AskRequest(question="How many errors?", scope=document(TEXT), levels=LEVELS)
    assert (await ask.engine.ask(request, lambda event: None, model=lambda *_: model)).answer == "x"


async def test_a_follow_up_still_has_the_programs(ask: Asker) -> None:
    first = await ask(wat("size_of_it") + script("kept = size_of_it"), script("submit('x')"))
    told = await ask(script("print(size_of_it(), kept())"), script("submit('y')"), follow_up=first.answer.run_id)
    assert told.observations[0].startswith(f"{len(TEXT)} {len(TEXT)}")
    assert "So are the programs size_of_it." in told.sent[0][1].content


async def test_a_program_that_does_not_compile_is_told_of_shortly_and_the_rest_runs(ask: Asker) -> None:
    if "rust" not in await ask.engine.program_runner.languages(120):
        missing("a compiler for Rust")
    bad = (
        "Plan.\n```rust bad\nfn analyze(input: &str) -> String {\n    let n: u64 = input;\n    n.to_string()\n}\n```\n"
    )
    told = await ask(bad + script("print(count('ERROR'))\nsubmit('early')"), script("submit('late')"))
    assert "```rust bad was not compiled: line 2: error[E0308]: mismatched types" in told.observations[0]
    assert "60\n" in told.observations[0]
    assert len(told.observations[0]) < 900
    assert "block 1 raised an error" in told.observations[0]
    assert told.answer.answer == "late"
    (finished,) = kinds(told, "compileFinished")
    assert not finished.ok
    assert "E0308" in finished.error


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("fn count(t: &str) -> u64 { 1 }", "There is no fn analyze"),
        ("fn analyze(n: u64) -> String { String::new() }", "must define `fn analyze(input: &str) -> String`"),
        ("fn analyze(t: &str) -> Vec<u8> { vec![] }", "must define `fn analyze(input: &str) -> String`"),
    ],
)
async def test_a_program_of_another_form_is_told_the_form(
    compilers: Path, tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "a.txt").write_text("x\n")
    async with benched(compilers, [tmp_path / "a.txt"]) as bench:
        with pytest.raises(Exception) as caught:
            await bench.define("other", source)
        assert said in str(caught.value)


async def test_a_program_hides_no_verb_and_is_called_with_one_text(ask: Asker) -> None:
    told = await ask(
        wat("count") + wat("9lives") + wat("good"),
        script("good(1, 2)"),
        script("good(within='absent.log')"),
        script("map_reduce('absent')"),
        script("bad()"),
        script("submit('x')"),
    )
    assert "'count' is taken" in told.observations[0]
    assert "'9lives' is no name" in told.observations[0]
    assert "good compiled" in told.observations[0]
    assert "good(within=None)" in told.observations[1]
    assert "absent.log" in told.observations[2]
    assert "There: good." in told.observations[3]
    assert "'bad' is not defined" in told.observations[4]


@pytest.mark.parametrize(
    "name", ["find", "print", "json", "len", "_x", "a-b", "class", "é", "", "x" * 65, "map_reduce"]
)
def test_names_that_a_script_could_not_call_are_refused(name: str) -> None:
    with pytest.raises(ProgramError):
        checked_name(name)


async def test_a_block_without_a_name_is_called_analyze_and_one_may_be_defined_anew(ask: Asker) -> None:
    other = LENGTH.replace("(i32.const 48)", "(i32.const 65)")
    told = await ask(
        wat("") + script("first = analyze()\nprint(first)"),
        wat("analyze", other) + script("print(analyze() == first)"),
        script("submit('x')"),
    )
    assert str(len(TEXT)) in told.observations[0]
    assert "False" in told.observations[1]


async def test_a_program_hides_what_was_called_so_before_and_is_hidden_by_what_comes_later(ask: Asker) -> None:
    told = await ask(
        script("def length(a, b):\n    return 1\nprint(length(1, 2))"),
        wat("length") + script("print('by the program', length())"),
        script("length = 'later'"),
        script("submit(str(length))"),
    )
    assert f"by the program {len(TEXT)}" in told.observations[1]
    assert told.answer.answer == "later"


async def test_where_programs_are_off_blocks_and_verbs_say_so(ask: Asker) -> None:
    told = await ask(wat("any"), script("map_reduce('any')"), script("submit('x')"), levels=("dsl",))
    assert "compiled programs are off" in told.observations[0]
    assert "NotImplementedError" in told.observations[1]
    assert "NAME`" not in told.sent[0][0].content
    assert "map_reduce" not in told.sent[0][0].content


async def test_native_programs_need_their_level_and_consent(ask: Asker) -> None:
    block = "```rust native fast\nfn analyze(t: &str) -> String { String::new() }\n```"
    told = await ask(block, script("submit('x')"))
    assert "level native are off" in told.observations[0]
    told = await ask(block, script("submit('x')"), levels=("dsl", "wasm", "native"))
    assert "consent" in told.observations[0]


@pytest.mark.parametrize(
    "source",
    [
        "fn analyze(t: &str) -> String { t.lines().count().to_string() }",
        "fn init() -> usize { 0 }\nfn feed(n: &mut usize, t: &str) { *n += t.lines().count() }\n"
        "fn finish(n: usize) -> usize { n }",
    ],
    ids=["analyze", "stream"],
)
async def test_a_native_program_sees_what_a_module_would(compilers: Path, tmp_path: Path, source: str) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.txt").write_text("one\ntwo\nthree" * number)
    files = [tmp_path / "1.txt", tmp_path / "2.txt"]
    asked = []

    async def consent() -> None:
        asked.append(True)

    async with benched(compilers, files, levels=("native",)) as bench:
        found = await bench.programs.program_runner.compilers.found("native")
        if not any(one.works and one.language == "rust" for one in found):
            missing("a compiler for native Rust")
        bench.programs.consent = consent
        await bench.programs.define(bench.host, "lines_of", "rust", source, native=True)
        assert await bench.run("lines_of") == "8"
        assert asked == [True, True]
        assert await bench.run("lines_of", "1.txt") == "3"
        (part, _) = await bench.host.select(None)
        assert await bench.run("lines_of", [type(part)(0, 4, 8)]) == "1"
        assert await bench.run("lines_of", [type(part)(0, 0, 13, (("o", True),))]) == "2"
        with pytest.raises(ProgramError, match="without `native`"):
            await bench.map_reduce("lines_of")


async def test_a_program_compiled_once_is_found_by_the_next_server(tmp_path: Path) -> None:
    reply = wat("size_of_it") + script("submit(size_of_it())")
    found = []
    for _ in range(2):
        async with asking(tmp_path / "state", levels=LEVELS) as ask:
            found += kinds(await ask(reply), "compileFinished")
    assert [event.cached for event in found] == [False, True]
    folder = tmp_path / "state" / "programs"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (compiled,) = folder.glob("*.cwasm")
    compiled.write_bytes(b"damaged")
    async with asking(tmp_path / "state", levels=LEVELS) as ask:
        assert (await ask(reply)).answer.answer == str(len(TEXT))
    compiled.unlink()
    folder.chmod(0o777)
    async with asking(tmp_path / "state", levels=LEVELS) as ask:
        assert (await ask(reply)).answer.answer == str(len(TEXT))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_cache_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    cache = ProgramCache(tmp_path / "programs", most=250)
    cache.open()
    for age, name in enumerate(("new", "old", "oldest")):
        path = cache.path(name, "cwasm")
        path.write_bytes(b"x" * 100)
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    assert cache.holds(cache.path("oldest", "cwasm"))
    cache.trim()
    assert not cache.holds(cache.path("old", "cwasm"))
    assert cache.holds(cache.path("new", "cwasm"))


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "programs").symlink_to(tmp_path)
    with pytest.raises(LevelUnavailable, match="not yours"):
        ProgramCache(tmp_path / "programs").open()


class Coders:
    """SubModelCalls that reply from a list, and keep what they were asked."""

    def __init__(self, checker: Checker, *replies: str | FailedSubCall) -> None:
        self.checker = checker
        self.replies = list(replies)
        self.asked: list[SubCall] = []

    def characters(self, role: str = "sub") -> int:
        return 100_000

    async def ask(self, calls: Sequence[SubCall]) -> list[Reply | FailedSubCall]:
        self.asked += calls
        reply = self.replies.pop(0)
        return [reply if isinstance(reply, FailedSubCall) else Reply(reply)]

    async def child(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("no child is asked for")


@pytest.fixture
async def bench(compilers: Path, tmp_path: Path) -> Any:
    (tmp_path / "a.txt").write_text("x y\n")
    async with benched(compilers, [tmp_path / "a.txt"]) as bench:
        if "rust" not in await bench.programs.program_runner.languages(120):
            missing("a compiler for Rust")
        yield bench


async def write(bench: Bench, *replies: str | FailedSubCall, **options: Any) -> tuple[Any, Coders]:
    from rlm_ls.executors.verbs.registry import call_verb

    async with CheckerPool() as checkers:
        bench.host.sub_models = coders = Coders(Checker(checkers), *replies)
        return await call_verb(bench.host, "write_program", ("count the words",), options), coders


GOOD = "Here:\n```rust\nfn analyze(t: &str) -> usize { t.split_whitespace().count() }\n```"
BAD = "```rust\nfn analyze(t: &str) -> usize { t.words() }\n```"


async def test_the_code_model_is_told_the_first_error_and_tries_again(bench: Bench) -> None:
    handle, coders = await write(bench, BAD, GOOD, name="words")
    assert handle.__name__ == "words"
    assert await bench.run("words") == "2"
    assert [call.role for call in coders.asked] == ["code", "code"]
    assert "fn analyze(input: &str) -> String" in coders.asked[0].system
    assert "line 1: error[E0599]: no method named `words`" in coders.asked[1].prompt
    assert "t.words()" in coders.asked[1].prompt
    assert [event["ok"] for event in bench.events("compileFinished")] == [False, True]


async def test_after_three_tries_the_error_is_the_scripts(bench: Bench) -> None:
    with pytest.raises(Exception, match="After 3 tries"):
        await write(bench, BAD, BAD, BAD)
    with pytest.raises(ProgramError, match="no reply"):
        await write(bench, FailedSubCall("no reply"))
    bench.host.sub_models = None
    from rlm_ls.executors.verbs.registry import call_verb

    with pytest.raises(LevelUnavailable, match="code model"):
        await call_verb(bench.host, "write_program", ("x",), {})


async def test_what_write_program_returns_is_called_from_the_script(ask: Asker) -> None:
    def give_a_code_model(event: Any) -> None:
        if event.type == "turnStarted" and event.turn == 1:
            (active,) = ask.engine._active.values()
            assert active.run is not None
            active.run.host.sub_models = Coders(active.run.checker, f"```wat\n{LENGTH}\n```")

    told = await ask(
        script("p = write_program('the length', language='wat')\nprint(p(), program1(), map_reduce(p, combine='max'))"),
        script("submit('x')"),
        on_event=give_a_code_model,
    )
    assert f"{len(TEXT)} {len(TEXT)} {len(TEXT)}" in told.observations[0]
