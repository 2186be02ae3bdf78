"""The extension apart from an editor: types, lint, its unit tests, and what is in the package."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from tests.editors.vscode.code import EXTENSION
from tests.editors.vscode.conftest import npm


@pytest.mark.parametrize("script", ["types", "lint", "unit"])
def test_the_extensions_own_checks_pass(dependencies: Path, script: str) -> None:
    done = npm("run", script)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lock_file_has_digests_and_no_addresses() -> None:
    packages = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert all("integrity" in package for package in installed.values())
    assert not any("resolved" in package for package in installed.values())


def test_every_title_is_in_the_strings_file() -> None:
    package = (EXTENSION / "package.json").read_text("utf-8")
    strings = json.loads((EXTENSION / "package.nls.json").read_text("utf-8"))
    used = set(re.findall(r'"%([\w.]+)%"', package))
    assert used == set(strings)
    commands = {command["command"] for command in json.loads(package)["contributes"]["commands"]}
    source = (EXTENSION / "src" / "extension.ts").read_text("utf-8")
    assert all(re.search(rf"\b{name.removeprefix('rlm.')}: ", source) for name in commands)


def test_every_setting_of_the_server_can_be_set_in_the_editor() -> None:
    from pydantic.alias_generators import to_camel

    from rlm_ls.settings.sections import PLACES

    properties = json.loads((EXTENSION / "package.json").read_text("utf-8"))["contributes"]["configuration"][
        "properties"
    ]
    offered = {name.removeprefix("rlm.") for name in properties if not name.startswith("rlm.server.")}
    known = {".".join(part for part in (section, to_camel(name)) if part) for section, name in PLACES}
    assert offered <= known
    assert known - offered == {"verbSeconds", "scriptSeconds", "programSeconds", "outputCharacters"}


def test_the_package_brings_the_server_and_nothing_of_its_making(vsix: Path) -> None:
    names = {name for name in zipfile.ZipFile(vsix).namelist() if name.startswith("extension/")}
    assert any(re.fullmatch(r"extension/wheels/rlm_ls-.*\.whl", name) for name in names)
    assert {"extension/dist/extension.cjs", "extension/wheels/install.lock"} <= names
    assert not any(re.search(r"node_modules|\.ts$|\.map$|/test/", name) for name in names)


def test_a_workspace_that_is_not_trusted_sets_in_the_editor_what_the_server_lets_it_set() -> None:
    from pydantic.alias_generators import to_camel

    from rlm_ls.settings.workspace import FREE

    package = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    restricted = set(package["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"])
    properties = package["contributes"]["configuration"]["properties"]
    free = {".".join(part for part in ("rlm", section, to_camel(name)) if part) for section, name in FREE}
    own = {name for name in properties if name.startswith("rlm.server.")}
    assert all(properties[name]["scope"] == "machine" for name in own)
    assert restricted == properties.keys() - free - own


def test_what_others_say_is_shown_as_words_only() -> None:
    for path in sorted((EXTENSION / "src").glob("*.ts")):
        source = path.read_text("utf-8")
        for shown in re.findall(
            r"(?:\.show(?:Error|Warning|Information)Message\(|\.report\(\{ message)\s*(.*)", source
        ):
            assert re.match(r"(: )?(unlinked\(|\"[^\"]*\",?)", shown), f"{path.name}: {shown}"
        for made in re.findall(r"new vscode\.MarkdownString\((.*?)\);", source, re.DOTALL):
            assert all(piece.startswith("plain(") for piece in re.findall(r"\$\{(.*?)\}", made)), f"{path.name}: {made}"
    status = (EXTENSION / "src" / "status.ts").read_text("utf-8")
    tooltip = status[status.index("private tooltip()") :]
    assert {piece[:6] for piece in re.findall(r"\$\{([a-z][^$?]*)\}", tooltip[: tooltip.index("new vscode")])} == {
        "plain("
    }
