"""What the places where people look are told: one version everywhere, and what each of them asks for."""

from __future__ import annotations

import json
import re
import struct
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.release.conftest import ROOT

from rlm_ls import __version__

RELEASE = ROOT / "release"
EXTENSION = ROOT / "editor-clients" / "vscode"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SERVER = json.loads((RELEASE / "server.json").read_text("utf-8"))
PACKAGE = json.loads((EXTENSION / "package.json").read_text("utf-8"))
MASON = (RELEASE / "mason" / "package.yaml").read_text("utf-8")
CONTAINER = (RELEASE / "Containerfile").read_text("utf-8")


def versions() -> dict[str, str]:
    lock = json.loads((EXTENSION / "package-lock.json").read_text("utf-8"))
    (mason,) = re.findall(r"(?m)^  id: pkg:pypi/rlm-ls@(\S+)$", MASON)
    (newest,) = re.findall(r"(?m)\A# Changelog\n+## (\S+)$", (EXTENSION / "CHANGELOG.md").read_text("utf-8"))
    return {
        "server.json": SERVER["version"],
        "server.json, the package": SERVER["packages"][0]["version"],
        "package.json": PACKAGE["version"],
        "package-lock.json": lock["version"],
        "package-lock.json, the package": lock["packages"][""]["version"],
        "Mason": mason,
        "the extension's changelog": newest,
    }


@pytest.mark.parametrize(("where", "version"), versions().items())
def test_one_version_stands_everywhere(where: str, version: str) -> None:
    assert version == __version__


def test_the_registry_of_mcp_servers_is_told_how_the_package_is_started() -> None:
    (package,) = SERVER["packages"]
    assert (package["registryType"], package["identifier"]) == ("pypi", PROJECT["name"])
    assert package["transport"] == {"type": "stdio"}
    # What the schema and the registry demand.
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 1 <= len(SERVER["description"]) <= 100
    # It looks for its own name in the package's description, to know whose it is.
    assert f"<!-- mcp-name: {SERVER['name']} -->" in (ROOT / PROJECT["readme"]).read_text("utf-8")
    # A package of a registry brings no extra along: what this door needs comes beside it.
    assert [one["value"] for one in package["runtimeArguments"]] == PROJECT["optional-dependencies"]["mcp"]
    secret = {one["name"]: one.get("isSecret", False) for one in package["environmentVariables"]}
    assert all(is_secret == name.endswith("_KEY") for name, is_secret in secret.items())


def test_mason_is_told_the_program_and_the_configurations_name() -> None:
    assert f"\ndescription: {PROJECT['description']}\n" in MASON
    assert "\nbin:\n  rlm-ls: pypi:rlm-ls\n" in MASON
    assert set(PROJECT["scripts"]) == {"rlm-ls"}
    (name,) = re.findall(r"(?m)^  lspconfig: (\S+)$", MASON)
    assert (RELEASE / "nvim-lspconfig" / "lsp" / f"{name}.lua").is_file()


def png(path: Path) -> tuple[int, int]:
    """Width and height."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def test_the_marketplaces_page_of_the_extension_is_complete() -> None:
    wanted: dict[str, Any] = {"publisher": str, "license": str, "icon": str, "galleryBanner": dict, "pricing": str}
    assert all(isinstance(PACKAGE[name], kind) for name, kind in wanted.items())
    assert png(EXTENSION / PACKAGE["icon"]) >= (128, 128)
    assert "AI" in PACKAGE["categories"]
    assert 1 <= len(PACKAGE["keywords"]) <= 30
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (EXTENSION / "README.md").read_text("utf-8"))
    assert len(pictures) >= 3
    assert all(png(EXTENSION / picture)[0] >= 1000 for picture in pictures)


def test_its_pictures_are_those_that_the_documents_show() -> None:
    gallery = sorted((EXTENSION / "media" / "gallery").iterdir())
    assert gallery
    assert [one.name for one in gallery if one.read_bytes() != (ROOT / "docs/pictures" / one.name).read_bytes()] == []


def test_in_the_container_it_is_nobody_in_particular_and_fetches_nothing() -> None:
    last = CONTAINER[CONTAINER.rindex("\nFROM ") :]
    steps = [line.split(None, 1) for line in last.splitlines() if re.match("[A-Z]+ ", line)]
    assert [value for step, value in steps if step == "USER"] == ["10001:10001"]
    assert steps[-1] == ["ENTRYPOINT", '["rlm-ls"]']
    # Packages are installed in the first stage alone, by the lock's digests; prices are those that came along.
    assert "pip" not in last
    assert "--require-hashes -r install.lock" in CONTAINER
    assert "LITELLM_LOCAL_MODEL_COST_MAP=True" in last
    copied = " ".join(re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", CONTAINER)).split()
    assert [name for name in copied if not (ROOT / name).exists()] == []
