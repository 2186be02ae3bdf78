"""The exact command that would add a toolchain on this system."""

from __future__ import annotations

import os
import shutil
import sys

from rlm_ls.executors.toolchain.kit import Language, Target

OS_RELEASE = "/etc/os-release"

DEBIAN, FEDORA, ARCH, MAC = "debian", "fedora", "arch", "macos"

COMMANDS: dict[tuple[Language, Target], dict[str, str]] = {
    ("rust", "wasm"): {
        DEBIAN: "sudo apt install rustc libstd-rust-dev-wasm32 lld",
        FEDORA: "sudo dnf install rust rust-std-static-wasm32-unknown-unknown lld",
        ARCH: "sudo pacman -S rust rust-wasm lld",
        MAC: "brew install rustup && rustup default stable && rustup target add wasm32-unknown-unknown",
    },
    ("rust", "native"): {
        DEBIAN: "sudo apt install rustc gcc libc6-dev",
        FEDORA: "sudo dnf install rust gcc glibc-static",
        ARCH: "sudo pacman -S rust gcc",
        MAC: "brew install rust",
    },
    ("c", "native"): {
        DEBIAN: "sudo apt install gcc libc6-dev",
        FEDORA: "sudo dnf install gcc glibc-static",
        ARCH: "sudo pacman -S gcc",
        MAC: "xcode-select --install",
    },
}

FAMILIES = {
    "debian": DEBIAN,
    "ubuntu": DEBIAN,
    "fedora": FEDORA,
    "rhel": FEDORA,
    "centos": FEDORA,
    "arch": ARCH,
}


def remedy(language: Language, target: Target) -> str:
    """A command for a shell, or where none is known what to look for."""
    if language == "wat":
        return f"{sys.executable} -P -m pip install wasmtime"
    if (language, target) == ("c", "wasm"):
        return f"{sys.executable} -P -m pip install 'rlm-ls[c]'"
    if (language, target) == ("rust", "wasm") and shutil.which("rustup"):
        return "rustup target add wasm32-unknown-unknown"
    commands = COMMANDS[language, target]
    if (family := _family()) in commands:
        command = commands[family]
        return command.replace("sudo ", "") if hasattr(os, "geteuid") and os.geteuid() == 0 else command
    if language == "rust":
        more = " and rustup target add wasm32-unknown-unknown" if target == "wasm" else ""
        return f"install Rust from https://rustup.rs{more}"
    return "install gcc and a static C library"


def _family() -> str:
    if sys.platform == "darwin":
        return MAC
    try:
        with open(OS_RELEASE, encoding="utf-8") as file:
            fields = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    except (OSError, ValueError):
        return ""
    names = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".replace('"', "").replace("'", "").split()
    return next((FAMILIES[name] for name in names if name in FAMILIES), "")
