"""What an answer cites is linked where it is published, in a real repository; nothing in a repository runs, and nothing
of how somebody signs in is passed on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rlm_ls.context.repository.remotes import Published, Remote, remote_of
from rlm_ls.engine.answer import Answer, Citation
from rlm_ls.engine.sharing.cited import cited_markdown
from rlm_ls.engine.sharing.permalinks import address

SOURCE = "one\ntwo\nthree é\nfour\n"


def git(folder: Path, *arguments: str) -> str:
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env={**os.environ, **nothing}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clone of a repository at GitHub, with a token in its address."""
    root = tmp_path / "work"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a b.py").write_text(SOURCE)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    git(root, "remote", "add", "origin", "https://me:ghp_secret@github.com/owner/name.git")
    pushed(root)
    return root


def pushed(root: Path) -> None:
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")


def citation(
    root: Path, line: int = 2, end_line: int = 3, quote: str = "two\nthree é", name: str = "src/a b.py"
) -> Citation:
    return Citation(
        uri=(root / name).as_uri(), path=name, line=line, end_line=end_line, start_byte=4, end_byte=16,
        start_utf16=(line - 1, 0), end_utf16=(end_line - 1, 5), quote=quote,
    )  # fmt: skip


async def shared(*citations: Citation, answer: str = "It is **two**.") -> str:
    told = Answer(run_id="r-1", status="answered", reason="", route="rlm", answer=answer, citations=citations)
    return await cited_markdown(told, "What is it?")


async def test_a_published_file_is_linked_by_its_commit(folder: Path) -> None:
    commit = git(folder, "rev-parse", "HEAD")
    told = await shared(citation(folder), citation(folder, 4, 4, "four"))
    base = f"https://github.com/owner/name/blob/{commit}/src/a%20b.py"
    assert f"- [src/a b.py:2-3]({base}#L2-L3): `two three é`" in told
    assert f"]({base}#L4)" in told
    assert "ghp_secret" not in told
    assert "file:" not in told
    assert str(folder) not in told


async def test_also_from_packs_and_behind_what_the_remote_has(folder: Path) -> None:
    commit = git(folder, "rev-parse", "HEAD")
    for number in range(5):
        git(folder, "commit", "-q", "--allow-empty", "-m", str(number))
    pushed(folder)
    git(folder, "checkout", "-q", commit)
    git(folder, "pack-refs", "--all")
    git(folder, "gc", "-q")
    assert f"/blob/{commit}/" in await shared(citation(folder))


async def test_also_in_another_working_tree(folder: Path) -> None:
    other = folder.parent / "other"
    git(folder, "worktree", "add", "-q", str(other))
    pushed(folder)
    assert "/blob/" in await shared(citation(other))


async def unlinked(root: Path, one: Citation | None = None) -> None:
    told = await shared(one or citation(root))
    assert "- `src/a b.py:" in told
    assert "http" not in told


async def test_what_is_not_on_a_remote_is_not_linked(folder: Path) -> None:
    git(folder, "commit", "-q", "--allow-empty", "-m", "not pushed")
    await unlinked(folder)


async def test_what_has_changed_is_not_linked(folder: Path) -> None:
    (folder / "src" / "a b.py").write_text("zero\n" + SOURCE)
    await unlinked(folder)


async def test_lines_that_are_others_there_are_not_linked(folder: Path) -> None:
    """The file is as it was committed, and was not when it was cited."""
    await unlinked(folder, citation(folder, 1, 2))


async def test_what_is_no_file_of_the_commit_is_not_linked(folder: Path) -> None:
    new = folder / "src" / "new.py"
    new.write_text(SOURCE)
    assert "http" not in await shared(citation(folder, name="src/new.py"))
    link = folder / "src" / "link.py"
    link.symlink_to("/etc/hostname")
    assert "http" not in await shared(citation(folder, 1, 1, "", name="src/link.py"))
    inside = citation(folder).model_copy(update={"inside": True})
    assert "http" not in await shared(inside)


@pytest.mark.parametrize("where", ["https://example.org/o/n.git", "/srv/git/n.git", "file:///srv/n", "ext::sh -c x% y"])
async def test_an_unknown_host_is_not_linked(folder: Path, where: str) -> None:
    git(folder, "remote", "set-url", "origin", where)
    await unlinked(folder)


async def test_nothing_of_a_hostile_repository_runs(folder: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    names = "core.fsmonitor core.hooksPath core.sshCommand core.pager core.gitProxy filter.x.clean filter.x.smudge"
    for name in (*names.split(), "diff.external", "credential.helper", "uploadpack.packObjectsHook"):
        git(folder, "config", name, str(program))
    (folder / ".gitattributes").write_text("* filter=x\n")
    (folder / ".git" / "config").open("a").write(f"[include]\n\tpath = {tmp_path}/included\n")
    (tmp_path / "included").write_text('[remote "origin"]\n\turl = https://github.com/evil/repo\n')
    told = await shared(citation(folder))
    assert "github.com/owner/name/" in told
    assert not ran.exists()


@pytest.mark.parametrize("name", ["HEAD", "config", "objects", "refs/remotes/origin/main", "gitdir"])
@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"[" * 10_000, b"ref: ref: ref: HEAD\n", b"gitdir: ../../../\n"])
async def test_a_damaged_repository_is_none(folder: Path, name: str, content: bytes) -> None:
    place = folder / ".git" / name
    if name in {"objects", "gitdir"}:
        (folder / ".git").rename(folder / "was")
        place = folder / ".git"
    place.write_bytes(content)
    await unlinked(folder)


# ---- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "host", "path"),
    [
        ("git@github.com:o/n.git", "github.com", "o/n"),
        ("https://oauth2:glpat-x@gitlab.com/g/sub/n.git", "gitlab.com", "g/sub/n"),
        ("ssh://git@altssh.gitlab.com:443/g/n", "gitlab.com", "g/n"),
        ("https://codeberg.org/o/n/", "codeberg.org", "o/n"),
        ("git@bitbucket.org:o/n.git", "bitbucket.org", "o/n"),
        ("git@git.sr.ht:~o/n", "git.sr.ht", "~o/n"),
        ("https://gitlab.example.org/g/n.git", "gitlab.example.org", "g/n"),
        ("git://GitHub.com/o/n", "github.com", "o/n"),
    ],
)
def test_remotes_at_known_hosts(given: str, host: str, path: str) -> None:
    remote = remote_of(given)
    assert remote is not None
    assert (remote.host, remote.path) == (host, path)


@pytest.mark.parametrize(
    "given",
    [
        "", "github.com", "https://github.com/", "https://github.com/o", "https://github.com/../../o/n", "https://[x/o/n",
        "https://github.com.evil.org/o/n", "https://github.com/o/n)](javascript:alert(1)", "javascript://github.com/o/n",
        "https://user:pw@evil.org/o/n", "git@github.com:o/n\nx", "https://github.com/o/n?x=token", "gitlab.:o/n",
    ],
)  # fmt: skip
def test_what_is_no_such_remote(given: str) -> None:
    remote = remote_of(given)
    assert remote is None or (remote.host, remote.path) == ("github.com", "o/n")


@pytest.mark.parametrize(
    ("kind", "host", "path", "link"),
    [
        ("github", "github.com", "o/n", "https://github.com/o/n/blob/c0/d/a%23.md?plain=1#L3-L5"),
        ("gitlab", "gitlab.com", "g/s/n", "https://gitlab.com/g/s/n/-/blob/c0/d/a%23.md?plain=1#L3-5"),
        ("gitea", "codeberg.org", "o/n", "https://codeberg.org/o/n/src/commit/c0/d/a%23.md?display=source#L3-L5"),
        ("bitbucket", "bitbucket.org", "o/n", "https://bitbucket.org/o/n/src/c0/d/a%23.md#lines-3:5"),
        ("sourcehut", "git.sr.ht", "~o/n", "https://git.sr.ht/~o/n/tree/c0/item/d/a%23.md?view-source#L3-5"),
    ],
)
def test_each_host_has_its_own_addresses(kind: str, host: str, path: str, link: str) -> None:
    file = Published(Remote(kind, host, path), "c0", "d/a#.md", (True,))  # type: ignore[arg-type]
    assert address(file, 3, 5) == link
    assert address(file, 3, 3).endswith("3")


async def test_a_repository_that_waits_forever_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlm_ls.engine.sharing.permalinks.SECONDS", 0.5)
    (folder / ".git" / "config").unlink()
    os.mkfifo(folder / ".git" / "config")
    await unlinked(folder)
