"""The OS sandbox: what it shows and hides, each kind that this machine has, and what happens where there is none."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from tests.conftest import IN_CI, needed

from rlm_ls.errors import SandboxUnavailable
from rlm_ls.executors.compiled.native import run_native
from rlm_ls.executors.compiled.preludes.native_prelude import native_prelude
from rlm_ls.executors.compiled.toolchains.installed import Toolchains
from rlm_ls.executors.compiled.toolchains.toolchain import Language, Target
from rlm_ls.executors.jail.bubblewrap import Bubblewrap
from rlm_ls.executors.jail.filter import filter_for
from rlm_ls.executors.jail.jail import Jail, Kind, system_files
from rlm_ls.executors.jail.launcher import Launcher
from rlm_ls.executors.jail.policy import for_compiling
from rlm_ls.executors.jail.process import ProcessResult, run_to_end
from rlm_ls.executors.jail.sandbox_exec import SandboxExec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these sandboxes are Linux's")


@pytest.fixture(params=["launcher", "bubblewrap"])
async def jail(request: pytest.FixtureRequest, compilers: Path) -> Jail:
    kind: Kind = Launcher(compilers / "jail") if request.param == "launcher" else Bubblewrap()
    jail = Jail(compilers, [kind])
    if why_not := await jail.available():
        if IN_CI:
            pytest.fail(why_not)
        pytest.skip(why_not)
    assert jail.name == request.param
    return jail


async def sh(jail: Jail, folder: Path, script: str, **more: object) -> ProcessResult:
    folder.mkdir(exist_ok=True)
    policy = for_compiling(folder, readable=system_files(), **more)  # type: ignore[arg-type]
    return await jail.run(policy, ["/bin/sh", "-c", script])


async def test_files_outside_are_hidden(jail: Jail, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    for path in (
        str(tmp_path / "secret"),
        "/etc/passwd",
        f"/proc/{os.getpid()}/cmdline",
        "/root",
        os.path.expanduser("~"),
    ):
        ended = await sh(jail, tmp_path / "in", f"cat {path} || ls {path}/")
        assert ended.status != 0
        assert ended.output == b""


async def test_its_own_folder_is_there_and_the_toolchain_is_not_changed(jail: Jail, tmp_path: Path) -> None:
    ended = await sh(jail, tmp_path / "in", "echo text > file && cat file && (echo x > /usr/lib/rlm-ls-was-here)")
    assert ended.output == b"text\n"
    assert ended.status != 0
    assert not os.path.exists("/usr/lib/rlm-ls-was-here")
    assert (tmp_path / "in" / "file").read_text() == "text\n"


async def test_modes_and_times_of_files_outside_stay_as_they_are(jail: Jail, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("text")
    before = outside.stat()
    await sh(jail, tmp_path / "in", f"chmod 777 {outside}; touch -d 2001-01-01 {outside}; truncate -s 0 {outside}")
    after = outside.stat()
    assert (after.st_mode, after.st_mtime_ns, after.st_size) == (before.st_mode, before.st_mtime_ns, before.st_size)


async def test_the_environment_is_empty(jail: Jail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RLM_TEST_SECRET", "a key")
    ended = await sh(jail, tmp_path / "in", "/usr/bin/env", variables={"OURS": "here"})
    assert {line.split(b"=")[0] for line in ended.output.splitlines()} <= {b"OURS", b"PWD", b"SHLVL", b"_", b"OLDPWD"}
    assert b"OURS=here" in ended.output


async def test_there_is_no_network(jail: Jail, tmp_path: Path) -> None:
    code = "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)"
    ended = await sh(jail, tmp_path / "in", f"/usr/bin/python3 -c '{code}'")
    assert ended.status != 0


async def test_limits_bind(jail: Jail, tmp_path: Path) -> None:
    ended = await sh(jail, tmp_path / "in", "ulimit -d; ulimit -c; ulimit -f", memory=64 << 20)
    assert ended.output.split() == [b"65536", b"0", b"524288"]


async def test_time_is_limited_and_children_go_too(jail: Jail, tmp_path: Path) -> None:
    ended = await sh(jail, tmp_path / "in", "sleep 300 & sleep 300", seconds=0.3)
    assert ended.stopped == "time", ended
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and "sleep\x00300" in _command(pid)]


async def test_output_is_limited(jail: Jail, tmp_path: Path) -> None:
    assert (await sh(jail, tmp_path / "in", "yes", seconds=20)).stopped == "output"


async def test_errors_without_end_are_not_kept(jail: Jail, tmp_path: Path) -> None:
    ended = await sh(jail, tmp_path / "in", "head -c 5000000 /dev/zero >&2; echo done")
    assert ended.output == b"done\n"
    assert len(ended.errors) == 1 << 20


async def test_a_native_program_runs_in_each(jail: Jail, toolchains: Toolchains, tmp_path: Path) -> None:
    await needed(toolchains, "rust", "native")
    source = 'pub fn analyze(t: &str) -> String { format!("{} {}", t.len(), std::fs::read("/etc/passwd").is_err()) }'
    binary, text = tmp_path / "program", tmp_path / "text"
    binary.write_bytes(await toolchains.compile(source, "rust", "native", prelude=native_prelude("rust")))
    text.write_text("some text")
    with text.open("rb") as file:
        assert await run_native(binary, file.fileno(), jail=jail) == b"9 true"


@pytest.mark.parametrize(("language", "target"), [("rust", "wasm"), ("rust", "native"), ("c", "native"), ("c", "wasm")])
async def test_compilers_work_in_each(jail: Jail, compilers: Path, language: Language, target: Target) -> None:
    await needed(Toolchains(compilers, jail), language, target)


async def test_the_launcher_is_built_once_and_is_private(compilers: Path) -> None:
    jail = Jail(compilers)
    assert await jail.available() == ""
    built = list((compilers / "jail").glob("launcher-*"))
    assert len(built) == 1
    assert stat.S_IMODE(built[0].stat().st_mode) == 0o700
    assert stat.S_IMODE(built[0].parent.stat().st_mode) == 0o700
    before = built[0].stat().st_mtime_ns
    assert await Jail(compilers).available() == ""
    assert built[0].stat().st_mtime_ns == before


async def test_nothing_is_built_before_it_is_needed(tmp_path: Path) -> None:
    Toolchains(tmp_path)
    await asyncio.sleep(0)
    assert not list(tmp_path.iterdir())


async def test_without_a_sandbox_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("rlm_ls.executors.jail.launcher.find_zig", lambda: "")
    jail = Jail(tmp_path)
    why_not = await jail.available()
    assert "no C compiler" in why_not
    assert "bwrap is not installed" in why_not
    with pytest.raises(SandboxUnavailable, match="No sandbox works here"):
        await sh(jail, tmp_path / "in", "true")
    found = await Toolchains(tmp_path, jail).found()
    assert [one.language for one in found if one.works] == ["wat"]
    assert all("no sandbox" in one.why_not and one.remedy for one in found if not one.works)


async def test_a_sandbox_that_hides_nothing_is_not_used(tmp_path: Path) -> None:
    class Open(Bubblewrap):
        name = "open"

        async def prepare(self) -> str:
            return ""

        def command(self, policy: object, argv: object, program: object) -> tuple[list[str], bytes | None]:
            return list(argv), None  # type: ignore[call-overload]

    assert "did not hide a file" in await Jail(tmp_path, [Open()]).available()


def test_an_unknown_machine_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "pdp11")
    assert filter_for("run") is None


def test_filters_of_both_machines_end_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    for machine in ("x86_64", "aarch64"):
        monkeypatch.setattr("platform.machine", lambda name=machine: name)
        for kind, refusal in (("run", 1), ("compile", 38)):
            instructions = filter_for(kind)  # type: ignore[arg-type]
            assert instructions is not None
            assert len(instructions) % 8 == 0
            assert int.from_bytes(instructions[-4:], "little") == 0x00050000 | refusal


def test_a_profile_for_macos_denies_by_default(tmp_path: Path) -> None:
    policy = for_compiling(tmp_path, readable=('/a "quoted" folder',), variables={"A": "b"})
    command, _ = SandboxExec().command(policy, ["/usr/bin/cc", "x.c"], None)
    profile = command[command.index("-p") + 1]
    assert profile.startswith("(version 1)(deny default)")
    assert '(subpath "/a \\"quoted\\" folder")' in profile
    assert "A=b" in command


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="rlm-ls-no-such-program"):
        await run_to_end(["/rlm-ls-no-such-program"], seconds=1, output=1)


def _command(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
