"""What is made private is the user's own: no link is followed to somebody else's file, nobody's folder is used."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from rlm_ls.errors import StoreFailed
from rlm_ls.executors.native_consent import HERE, NativeConsent
from rlm_ls.executors.program_cache import ProgramCache
from rlm_ls.executors.toolchain.proofs import Proofs
from rlm_ls.lsp.showing import _write_privately
from rlm_ls.private import private_file, private_folder, replace_file, set_mode
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
    assert Proofs(tmp_path).read() == {}


def test_no_mode_is_set_by_name() -> None:
    """`chmod` and `mkdir` follow what a name leads to: private.py is the place for both."""
    import rlm_ls

    package = Path(rlm_ls.__file__).parent
    sample = package / "cli" / "demo" / "project"
    for path in sorted(package.rglob("*.py")):
        if path.name != "private.py" and sample not in path.parents:
            assert ".chmod(" not in path.read_text(encoding="utf-8"), path
            assert "mode=0o700" not in path.read_text(encoding="utf-8"), path
