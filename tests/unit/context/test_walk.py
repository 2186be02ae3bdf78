"""Folders: what is read of them, in which order, and what never is."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from rlm_ls import errors
from rlm_ls.context.scope import Scope
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.sources.uris import file_path, file_uri, key, short_names

Taking = Callable[..., Awaitable[Context]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    texts = {
        ".gitignore": "*.log\nbuild/\n!keep.log\n/only-here.txt\n",
        "README.md": "readme",
        "a.log": "ignored",
        "keep.log": "kept",
        "only-here.txt": "ignored",
        "build/out.txt": "ignored",
        "src/.gitignore": "gen*.py\n!*.log\n",
        "src/main.py": "main",
        "src/generated.py": "ignored",
        "src/only-here.txt": "kept",
        "src/deep.log": "kept by the nearer rule",
        "src/.ignore": "secret-notes.txt\n",
        "src/secret-notes.txt": "ignored",
        ".git/config": "never",
        "node_modules/x.js": "never",
        ".env": "denied",
        "deploy/id_rsa": "denied",
        "deploy/server.pem": "denied",
        "deploy/.env.example": "harmless",
        "empty.txt": "",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "binary.bin").write_bytes(b"\0\1")
    (root / "loop").symlink_to(root)
    (root / "src" / "link.txt").symlink_to("/etc/passwd")
    return root


def paths(context: Context) -> list[str]:
    return [document.path for document in context.documents]


async def test_where_nothing_can_be_read_the_rule_that_left_out_others_is_named(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.log\n")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_text("ERROR\n")
    (logs / "broken").symlink_to("nowhere")
    with pytest.raises(errors.NoDocuments, match=r"broken: .*; ignore files leave out others \(\*\.log") as raised:
        await taking(Scope("workspace", roots=(str(logs),)))
    assert "--include" in raised.value.remedy


async def test_ignore_files_links_and_secrets(taking: Taking, tree: Path) -> None:
    context = await taking(Scope("workspace", roots=(str(tree),)))
    assert sorted(paths(context)) == [
        ".gitignore", "README.md", "deploy/.env.example", "keep.log", "src/.gitignore", "src/.ignore",
        "src/deep.log", "src/main.py", "src/only-here.txt",
    ]  # fmt: skip
    assert {one.path: one.code for one in context.skipped} == {
        ".env": 4108,
        "deploy/id_rsa": 4108,
        "deploy/server.pem": 4108,
        "empty.txt": 4103,
        "binary.bin": 4102,
        "src/link.txt": 4106,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes in folders")
async def test_an_ignore_file_that_is_a_pipe_is_not_waited_for(taking: Taking, tree: Path) -> None:
    (tree / "src" / ".ignore").unlink()
    os.mkfifo(tree / "src" / ".ignore")
    async with asyncio.timeout(60):
        async with await taking(Scope("files", files=(str(tree),))) as context:
            assert "src/secret-notes.txt" in paths(context)


async def test_the_order_is_always_the_same(taking: Taking, tree: Path) -> None:
    one = await taking(Scope("workspace", roots=(str(tree),)))
    two = await taking(Scope("workspace", roots=(str(tree),)))
    assert paths(one) == paths(two)
    assert one.digest == two.digest
    assert paths(one) == sorted(paths(one), key=lambda path: path.split("/"))


async def test_include_and_exclude(taking: Taking, tree: Path) -> None:
    root = (str(tree),)
    assert paths(await taking(Scope("files", roots=root, include=("*.py",)))) == ["src/generated.py", "src/main.py"]
    assert paths(await taking(Scope("files", roots=root, include=("*.log",), exclude=("src/",)))) == [
        "a.log",
        "keep.log",
    ]
    assert paths(await taking(Scope("files", roots=root, include=("*.md",)), exclude=("a*",))) == ["README.md"]
    assert paths(await taking(Scope("files", roots=root, include=("src/**",), exclude=("*.py", ".*")))) == [
        "src/deep.log", "src/only-here.txt", "src/secret-notes.txt",
    ]  # fmt: skip


async def test_rules_above_the_root_count_within_a_repository(taking: Taking, tree: Path) -> None:
    assert sorted(paths(await taking(Scope("workspace", roots=(str(tree / "src"),))))) == [
        ".gitignore", ".ignore", "deep.log", "main.py", "only-here.txt",
    ]  # fmt: skip


async def test_a_folder_named_as_a_file_is_walked(taking: Taking, tree: Path) -> None:
    context = await taking(Scope("files", files=(str(tree / "deploy"), (tree / "README.md").as_uri())))
    assert sorted(paths(context)) == [".env.example", "README.md"]


async def test_large_files_are_left_out_unless_named(taking: Taking, tree: Path) -> None:
    (tree / "big.txt").write_text("x" * 5000)
    root = (str(tree),)
    context = await taking(Scope("workspace", roots=root, include=("*.txt",)), max_file_bytes=1000)
    assert "big.txt" not in paths(context)
    assert [one.reason for one in context.skipped if one.path == "big.txt"] == ["is larger than 0.000953674 MiB"]
    context = await taking(Scope("files", files=(str(tree / "big.txt"),)), max_file_bytes=1000)
    assert paths(context) == ["big.txt"]


async def test_documents_are_found_by_path_and_uri(taking: Taking, tree: Path) -> None:
    context = await taking(Scope("workspace", roots=(str(tree),)))
    number = context.number("src/main.py")
    assert number is not None
    assert context.number((tree / "src/main.py").as_uri()) == number
    assert context.number(str(tree / "src/main.py")) == number
    assert context.number("main.py") is None


async def test_thousands_of_small_files(taking: Taking, tmp_path: Path) -> None:
    for folder in range(40):
        (tmp_path / f"d{folder}").mkdir()
        for number in range(50):
            (tmp_path / f"d{folder}" / f"f{number}.txt").write_text(f"{folder}/{number}\n")
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert len(context.documents) == 2000
    assert all(document.lines == 1 for document in context.documents)


def test_names_are_short_and_unique() -> None:
    roots = ["/w/one", "/w/two"]
    assert short_names(["/w/one/a.py", "/w/one/b/a.py", "/x/y/c.txt"], roots) == ["a.py", "b/a.py", "c.txt"]
    assert short_names(["/w/one/a.py", "/w/two/a.py"], roots) == ["one/a.py", "two/a.py"]
    assert short_names(["/p/q/a", "/r/q/a", "/r/b"], []) == ["p/q/a", "r/q/a", "b"]
    assert short_names(["x", "x"], []) == ["x", "x (2)"]
    assert short_names([], []) == []


def test_spellings_of_the_same_file_have_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "a b ä%.txt"
    path.write_text("x")
    (tmp_path / "link").symlink_to(path)
    same = {key(str(path)), key(path.as_uri()), key(path.as_uri().lower()) if os.name == "nt" else key(str(path))}
    assert len(same | {key(str(tmp_path / "link")), key(f"{tmp_path}/./a b ä%.txt")}) == 1
    assert file_path(path.as_uri()) == str(path)
    assert file_path(file_uri(str(path))) == str(path)
    assert file_path("untitled:Untitled-1") is None
    assert key("untitled:Untitled-1") == "untitled:Untitled-1"


async def test_an_ignored_folder_that_is_named_is_read(taking: Taking, tree: Path) -> None:
    (tree / "build" / "deep").mkdir()
    (tree / "build" / "deep" / "more.txt").write_text("more")
    assert paths(await taking(Scope("files", roots=(str(tree / "build"),)))) == ["deep/more.txt", "out.txt"]
    assert paths(await taking(Scope("files", roots=(str(tree / "build" / "deep"),)))) == ["more.txt"]


@pytest.mark.parametrize("line", ["[z-a]", "[[:alpha:]]", "!", "a[4-0]*"])
async def test_a_line_of_an_ignore_file_that_is_no_pattern_is_passed_over(
    line: str, taking: Taking, tmp_path: Path
) -> None:
    (tmp_path / ".gitignore").write_text(f"*.log\n{line}\nbuild\n", "utf-8")
    for name in ("a.log", "build", "kept.txt"):
        (tmp_path / name).write_text("text\n", "utf-8")
    context = await taking(Scope("workspace", roots=(tmp_path.as_uri(),)))
    assert [one.path for one in context.documents] == [".gitignore", "kept.txt"]


async def test_links_are_read_where_they_lead_or_named(taking: Taking, tmp_path: Path) -> None:
    logs, outside = tmp_path / "logs", tmp_path / "outside"
    for folder in (logs, outside):
        folder.mkdir()
        (folder / "real.log").write_text("ERROR\n")
    (logs / "current.log").symlink_to("real.log")
    (logs / "away.log").symlink_to("../outside/real.log")
    (logs / "folder").symlink_to("../outside")
    (logs / "dangling").symlink_to("nowhere")
    (logs / "round").symlink_to(".")
    context = await taking(Scope("workspace", roots=(str(logs),)))
    assert paths(context) == ["real.log"]  # once, however many links lead to it
    away, nowhere = "is a link that leads out of the folder", "is a link that leads nowhere"
    assert {one.path: one.reason for one in context.skipped} == {
        "away.log": away,
        "folder": away,
        "dangling": nowhere,
    }
    (logs / "real.log").unlink()
    with pytest.raises(errors.NoDocuments) as refused:
        await taking(Scope("workspace", roots=(str(logs),)))
    assert "away.log: is a link" in refused.value.message


@pytest.mark.parametrize("rule", ["*.log", "logs/*", "a*"])
async def test_where_all_is_ignored_the_rule_and_the_way_out_are_named(
    taking: Taking, tmp_path: Path, rule: str
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text(f"# a comment\n{rule}\n")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("ERROR\n")
    with pytest.raises(errors.NoDocuments) as refused:
        await taking(Scope("workspace", roots=(str(tmp_path / "logs"),)))
    assert f"{rule} in an ignore file of {tmp_path}" in refused.value.message
    assert "--include" in refused.value.remedy
    context = await taking(Scope("files", roots=(str(tmp_path / "logs"),), include=("*",)))
    assert paths(context) == ["a.log"]
