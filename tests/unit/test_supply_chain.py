"""What users install is what was looked at: no release that is known to harm, digests for all, licences known."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = (
    "requirements.lock",
    "install.lock",
    ".ci/zig.txt",
    ".ci/weed.txt",
    ".ci/rclone.txt",
    ".ci/servers.txt",
    ".ci/cluster.txt",
    ".ci/clouds.txt",
    ".ci/proxy.txt",
)
KNOWN_BAD = re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / ".ci/known-bad.txt").read_text(encoding="utf-8"))
NPM = json.loads((ROOT / "editor-clients/vscode/package-lock.json").read_text(encoding="utf-8"))["packages"]

PERMISSIVE = re.compile(
    r"(MIT(-CMU)?|BSD|BSD-[23]-Clause|0BSD|Apache-2\.0|ISC|PSF-2\.0|Python-2\.0|CNRI-Python|MPL-2\.0|Zlib|CC0-1\.0|Unlicense"
    r"|BlueOak-1\.0\.0|LLVM-exception|HPND)"
)
"""Licences under which users may run, and we may depend on, a package without asking a lawyer."""


def locked(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(package): version for package, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", text)}


def test_there_are_releases_that_are_known_to_harm() -> None:
    assert ("litellm", "1.82.7") in KNOWN_BAD


@pytest.mark.parametrize(("name", "version"), KNOWN_BAD)
def test_no_range_and_no_lock_admits_a_release_that_is_known_to_harm(name: str, version: str) -> None:
    groups = (PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values())
    ranges = [Requirement(text) for group in groups for text in group]
    admitted = [str(one) for one in ranges if canonicalize_name(one.name) == name and version in one.specifier]
    assert admitted == []
    assert [lock for lock in LOCKS if locked(lock).get(name) == version] == []


def test_users_install_the_versions_that_were_tested() -> None:
    tested, installed = locked("requirements.lock"), locked("install.lock")
    assert {name: version for name, version in installed.items() if tested.get(name) != version} == {}
    # The extension for VS Code offers `rlm-ls mcp` to agents from what it installs by this lock.
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["mcp"]]
    wanted = [Requirement(text) for text in texts]
    assert [one.name for one in wanted if installed.get(canonicalize_name(one.name), "0") not in one.specifier] == []
    assert "pytest" not in installed


@pytest.mark.parametrize("lock", LOCKS)
def test_whatever_is_installed_has_a_digest(lock: str) -> None:
    entries = re.split(r"(?m)^(?=[\w.-]+==)", (ROOT / lock).read_text(encoding="utf-8"))[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_npm_packages_have_digests_and_run_nothing_when_installed() -> None:
    packages = {path: entry for path, entry in NPM.items() if path}
    assert [path for path, entry in packages.items() if "integrity" not in entry] == []
    assert [path for path, entry in packages.items() if "://" in entry.get("resolved", "")] == []
    scripts = "ignore-scripts=true"
    assert scripts in (ROOT / "editor-clients/vscode/.npmrc").read_text(encoding="utf-8").splitlines()


def test_the_list_of_licences_is_that_of_the_locks_and_holds_none_that_binds_our_users() -> None:
    rows = re.findall(r"(?m)^\| (\S+) \| (\S+) \| (.+) \|$", (ROOT / "docs/licences.md").read_text(encoding="utf-8"))
    listed = {
        name: version for name, version, _ in rows if (name, version) not in {("package", "version"), ("---", "---")}
    }
    built_in = {
        path.removeprefix("node_modules/"): e["version"] for path, e in NPM.items() if path and not e.get("dev")
    }
    assert listed == locked("install.lock") | built_in
    elsewhere = {"colorama", "pywin32", "tzdata", "win32-setctime", "colorlog", "httpx2-jsfetch"}
    unknown = [
        (name, licence)
        for name, _, licence in rows[2:]
        if not PERMISSIVE.search(licence) and licence not in {"licence", "---"} and name not in elsewhere
    ]
    assert unknown == []
