"""What is made private is the user's own: no link is followed to somebody else's file, nobody's folder is used."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from rlm_ls.errors import StoreFailed
from rlm_ls.executors.compiled.native_consent import HERE, NativeConsent
from rlm_ls.executors.compiled.program_cache import ProgramCache
from rlm_ls.executors.compiled.toolchains.proven import ProvenToolchains
from rlm_ls.lsp.jobs.show_answer import _write_privately
from rlm_ls.private import is_own, private_file, private_folder, replace_file, set_mode
from rlm_ls.store.database import Store
from rlm_ls.store.schema import FILE_NAME

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="owners and modes are POSIX's")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of somebody's, shared with everybody, in a folder shared with everybody."""
    folder = tmp_path / "victim"
    folder.mkdir()
    folder.chmod(0o755)
    path = folder / "file"
    path.write_text("theirs")
    path.chmod(0o644)
    return path


async def test_the_history_is_not_opened_through_a_link(tmp_path: Path, victim: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / FILE_NAME).symlink_to(victim)
    await refused(state)
    assert (mode(victim), victim.read_text()) == (0o644, "theirs")


async def test_a_state_folder_that_is_a_link_is_refused(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "state").symlink_to(victim.parent)
    await refused(tmp_path / "state")
    assert [path.name for path in victim.parent.iterdir()] == ["file"]
    assert mode(victim.parent) == 0o755


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a folder away")
async def test_a_state_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 65534, 65534)
    await refused(tmp_path / "state")
    assert not list((tmp_path / "state").iterdir())


async def test_a_link_in_place_of_the_owners_folder_is_refused(tmp_path: Path, victim: Path) -> None:
    (victim.parent / "other.lock").write_text("theirs")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "owners").symlink_to(victim.parent)
    await refused(tmp_path / "state")
    assert (victim.parent / "other.lock").exists()


async def refused(folder: Path) -> None:
    with pytest.raises(StoreFailed, match=r"it is (a link|somebody else's)") as error:
        await Store.open(folder)
    assert error.value.remedy


def test_what_links_lead_to_keeps_its_content_and_its_mode(tmp_path: Path, victim: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(victim)
    with pytest.raises(PermissionError, match="link"):
        private_file(link)
    with pytest.raises(PermissionError, match="link"):
        set_mode(link, 0o777)
    replace_file(link, b"ours")
    assert not link.is_symlink()
    assert (mode(link), mode(victim), victim.read_text()) == (0o600, 0o644, "theirs")


def test_what_anybody_may_write_in_is_narrowed_and_the_rest_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    private_folder(tmp_path)
    assert mode(tmp_path) == 0o775
    private_folder(tmp_path, narrow=True)
    assert mode(tmp_path) == 0o700
    private_folder(tmp_path / "a" / "b")
    assert mode(tmp_path / "a" / "b") == 0o700


def test_an_answers_file_is_not_written_through_a_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers" / "run.md").symlink_to(victim)
    _write_privately(tmp_path / "answers" / "run.md", "quotes")
    assert (victim.read_text(), (tmp_path / "answers" / "run.md").read_text()) == ("theirs", "quotes")


def test_programs_are_not_kept_behind_a_link(tmp_path: Path, victim: Path) -> None:
    (tmp_path / "programs").symlink_to(victim.parent)
    with pytest.raises(Exception, match="link"):
        ProgramCache(tmp_path / "programs").open()
    assert mode(victim.parent) == 0o755


async def test_a_consent_behind_a_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text('{"folders": ["/x"]}')
    (tmp_path / "native-consent.json").symlink_to(tmp_path / "theirs.json")
    asked: list[str] = []

    async def ask(message: str, _: object) -> str:
        asked.append(message)
        return HERE

    await NativeConsent(tmp_path, ask).allow("run", ["/x"], trusted=True)
    assert asked
    assert not (tmp_path / "native-consent.json").is_symlink()


def test_compilers_that_another_proved_are_not_believed(tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text('{"kit": "1.0"}')
    (tmp_path / "toolchains.json").symlink_to(tmp_path / "theirs.json")
    assert ProvenToolchains(tmp_path).read() == {}


def test_no_mode_is_set_by_name() -> None:
    """`chmod` and `mkdir` follow what a name leads to: private.py is the place for both."""
    import rlm_ls

    package = Path(rlm_ls.__file__).parent
    sample = package / "cli" / "demo" / "project"
    for path in sorted(package.rglob("*.py")):
        if path.name != "private.py" and sample not in path.parents:
            assert ".chmod(" not in path.read_text(encoding="utf-8"), path
            assert "mode=0o700" not in path.read_text(encoding="utf-8"), path


def test_a_folder_is_made_with_those_above_it_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"
    private_folder(path)
    assert path.is_dir()
    path.chmod(0o751)
    private_folder(path)
    assert mode(path) == 0o751
    for mask, wanted in ((0o702, 0o700), (0o777, 0o775), (0o755, 0o755)):
        path.chmod(mask)
        private_folder(path)
        assert mode(path) == wanted


def test_a_folder_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises((FileExistsError, NotADirectoryError)):
            private_folder(path)
    assert (tmp_path / "file").read_text() == "x"


def test_what_is_refused_is_named_with_the_reason(tmp_path: Path, victim: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(victim.parent)
    with pytest.raises(PermissionError) as error:
        private_folder(link)
    assert (error.value.errno, error.value.filename) == (errno.EPERM, str(link))
    assert error.value.strerror == "it is a link, which may lead into a folder of somebody else's"
    link.unlink()
    link.symlink_to(victim)
    with pytest.raises(PermissionError) as error:
        private_file(link)
    assert error.value.strerror == "it is a link, which may lead to a file of somebody else's"
    assert error.value.filename == str(link)
    with pytest.raises(PermissionError) as error:
        set_mode(link, 0o700)
    assert (error.value.strerror, error.value.filename) == ("it is a link", str(link))


def test_a_private_file_is_made_or_kept_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "file"
    private_file(path)
    assert (path.read_bytes(), mode(path)) == (b"", 0o600)
    path.write_text("ours")
    path.chmod(0o644)
    private_file(path)
    assert (path.read_text(), mode(path)) == ("ours", 0o600)
    with pytest.raises(FileNotFoundError):
        private_file(tmp_path / "nowhere" / "file")


def test_a_mode_is_set_as_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    for wanted in (0o700, 0o640):
        set_mode(str(path), wanted)
        assert mode(path) == wanted
    with pytest.raises(FileNotFoundError):
        set_mode(tmp_path / "none", 0o600)


def test_what_is_no_regular_file_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    for act in (private_file, lambda path: set_mode(path, 0o600), lambda path: replace_file(path, b"x")):
        with pytest.raises(PermissionError) as error:
            act(pipe)
        assert (error.value.strerror, error.value.filename) == ("it is no regular file", str(pipe))
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert mode(pipe) == 0o644


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root can give a file away")
def test_what_is_somebody_elses_stays_as_it_is(tmp_path: Path) -> None:
    path, folder = tmp_path / "file", tmp_path / "folder"
    path.write_text("x")
    folder.mkdir(0o777)
    for one in (path, folder):
        os.chown(one, 65534, 65534)
    path.chmod(0o644)
    for act in (private_file, lambda path: set_mode(path, 0o600)):
        with pytest.raises(PermissionError) as error:
            act(path)
        assert (error.value.strerror, error.value.filename) == ("it is somebody else's", str(path))
    with pytest.raises(PermissionError) as error:
        private_folder(folder, narrow=True)
    assert (error.value.strerror, error.value.filename) == ("it is somebody else's", str(folder))
    assert mode(path) == 0o644
    assert not is_own(str(path))


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250)
    replace_file(path, b"one")
    assert (path.read_bytes(), mode(path)) == (b"one", 0o600)
    replace_file(path, b"two", 0o640)
    assert (path.read_bytes(), mode(path)) == (b"two", 0o640)
    assert list(tmp_path.iterdir()) == [path]
    broken = tmp_path / "broken"
    broken.symlink_to(tmp_path / "nowhere")
    replace_file(broken, b"three")
    assert not broken.is_symlink()
    assert broken.read_bytes() == b"three"


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_: int) -> None:
        assert [one.parent for one in tmp_path.glob(".file.*")] == [tmp_path]
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        replace_file(path, b"new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_ones_own_is_neither_a_link_nor_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert not is_own(str(path))
    path.write_text("x")
    assert is_own(str(path))
    assert is_own(str(tmp_path))
    (tmp_path / "link").symlink_to(path)
    assert not is_own(str(tmp_path / "link"))


def test_no_descriptor_is_left_open(tmp_path: Path, victim: Path) -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0

    os.mkfifo(tmp_path / "pipe")
    before = opened()
    for _ in range(3):
        private_folder(tmp_path / "folder", narrow=True)
        private_file(tmp_path / "file")
        set_mode(tmp_path / "file", 0o600)
        replace_file(tmp_path / "file", b"x")
        for act in (private_file, lambda path: set_mode(path, 0o600)):
            with pytest.raises(PermissionError):
                act(tmp_path / "pipe")
    assert opened() == before


def test_a_private_file_is_nobody_elses_from_its_first_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    born: list[int] = []
    change = os.fchmod

    def watched(descriptor: int, wanted: int) -> None:
        born.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        change(descriptor, wanted)

    monkeypatch.setattr(os, "fchmod", watched)
    before = os.umask(0)
    try:
        private_file(tmp_path / "file")
        replace_file(tmp_path / "other", b"x")
    finally:
        os.umask(before)
    assert born == [0o600, 0o600]
