"""The deny list's rules to their edges, without reading a file: names, places, copies, and what is inside."""

from __future__ import annotations

import pytest
from tests.unit.context.test_secrets import AWS, GITHUB, HELD, PEM, READ, SECRET

from rlm_ls.context.sources.secrets import (
    LOOKED_AT,
    SOURCE,
    denied,
    held_secret,
    in_secret_place,
    is_log,
    is_secret,
    is_secret_name,
    is_small,
)


@pytest.mark.parametrize("name", SECRET)
def test_secrets_are_known_in_any_case_with_and_without_a_folder(name: str) -> None:
    for path in (f"/home/x/{name}", f"/HOME/X/{name.upper()}", name):
        assert is_secret(path)


@pytest.mark.parametrize("name", READ)
def test_what_is_no_secret_is_none_in_any_case(name: str) -> None:
    for path in (f"/home/x/{name}", f"/HOME/X/{name.upper()}", name):
        assert not is_secret(path)


@pytest.mark.parametrize("name", [".netrc", "prod.env", "id_rsa", "kubeconfig", "server.key", "terraform.tfstate"])
@pytest.mark.parametrize(
    "copy",
    [
        "{}~", "{}.old", "{}.bak", "{}.bak2", "{}.1", "{}.20240101", "{}.orig.1", "{}.gz", ".{}.swp", "#{}#", ".#{}",
        "copy of {}", "copy of {}.bak", ".#{}~", "#{}.bak#", "{}.tmp.save~",
    ],
)  # fmt: skip
def test_a_copy_is_what_it_is_a_copy_of(name: str, copy: str) -> None:
    assert is_secret_name(copy.format(name))
    assert is_secret_name(copy.format(name).upper())


@pytest.mark.parametrize("name", ["~", "#", "##", ".bak", "", "notes.txt.bak", "copy of ", "#notes#", ".notes.swp"])
def test_a_copy_of_nothing_secret_is_read(name: str) -> None:
    assert not is_secret_name(name)


def test_names_that_the_user_denies_stay_out_as_well() -> None:
    deny = ("*.Private", "plan?.md")
    for name in ("a.private", "A.PRIVATE", "plan1.md"):
        assert is_secret_name(name, deny)
        assert is_secret(f"/x/{name}", deny)
        assert not is_secret_name(name)
        assert not is_secret(f"/x/{name}")
    assert not is_secret_name("plan.md", deny)
    assert is_secret_name(".env", deny)


def test_a_place_is_a_folder_and_a_name_in_it() -> None:
    assert in_secret_place(".ssh", "config")
    assert in_secret_place(".SSH", "Config")
    assert in_secret_place(".docker", "config.json.bak")
    assert in_secret_place("etc", "shadow-")
    assert not in_secret_place(".ssh", "id_rsa.pub")
    assert not in_secret_place(".ssh", "ID_RSA.PUB")
    assert not in_secret_place("docker", "config.json")
    assert not in_secret_place("etc", "passwd")
    assert not in_secret_place("", "config")


def test_a_program_is_small_at_another_size_than_a_text() -> None:
    assert is_small("notes.txt", LOOKED_AT)
    assert not is_small("notes.txt", LOOKED_AT + 1)
    for name in ("a.py", "A.PY", "x.html"):
        assert is_small(name, SOURCE)
        assert not is_small(name, SOURCE + 1)


@pytest.mark.parametrize(
    "name", ["app.log", "APP.LOG", "app.log.1", "x/syslog", "messages-2024", "a.jsonl", "a.csv", "a.out"]
)
def test_a_log_is_known_by_its_name(name: str) -> None:
    assert is_log(name)


@pytest.mark.parametrize("name", ["catalog", "logs.txt", "a.login", "my.messages.txt", "log"])
def test_what_is_no_log_is_none(name: str) -> None:
    assert not is_log(name)


KINDS = {
    "a private key": ["rsa", "openssh", "pkcs8", "encrypted", "crlf", "pgp", "putty", "service account", "old style"],
    "a GitHub token": ["github", "github fine-grained"],
    "an AWS key": ["aws"],
    "a Slack token": ["slack"],
    "a kubeconfig": ["kube"],
    "a Docker login": ["docker"],
    "a Vault token": ["vault"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in KINDS.items() for name in names])
def test_a_text_is_refused_for_what_it_holds_wherever_it_stands(kind: str, name: str) -> None:
    text = HELD[name].encode()
    padding = b"some words of a text, \n" * 40
    for whole in (text, padding + text, text + padding, padding + text + padding):
        assert held_secret(whole, whole=True, log=False) == kind


def test_a_token_may_be_the_very_first_or_the_last_of_a_text() -> None:
    for token, kind in ((GITHUB, "a GitHub token"), (AWS, "an AWS key")):
        for text in (token, f"{token}\n", f"x {token}", "x" * 200 + f" {token}"):
            assert held_secret(text.encode(), whole=True, log=False) == kind


@pytest.mark.parametrize("name", KINDS["a private key"])
def test_a_private_key_refuses_logs_and_long_texts_too_and_a_token_does_not(name: str) -> None:
    text = HELD[name].encode()
    for whole, log in ((False, False), (True, True), (False, True)):
        assert held_secret(text, whole=whole, log=log) == "a private key"
        assert held_secret(f"{GITHUB} {AWS}".encode(), whole=whole, log=log) == ""


def test_a_header_alone_is_no_key_in_a_log_either() -> None:
    for whole, log in ((False, False), (True, True), (True, False)):
        assert held_secret(b"-----BEGIN RSA PRIVATE KEY-----", whole=whole, log=log) == ""
        assert held_secret(b"PRIVATE KEY", whole=whole, log=log) == ""


def test_an_example_before_a_token_hides_nothing() -> None:
    example = "AKIAIOSFODNN7EXAMPLE"
    assert held_secret(f"{example}\n".encode(), whole=True, log=False) == ""
    assert held_secret((f"{example}\n" * 63 + AWS).encode(), whole=True, log=False) == "an AWS key"
    assert held_secret((f"{example}\n" * 64 + AWS).encode(), whole=True, log=False) == ""


@pytest.mark.parametrize("text", ["hvs.short", "AIza-short", "github_pat_short", '"auths": {}', "client-key-data: x"])
def test_a_beginning_alone_is_no_token(text: str) -> None:
    assert held_secret(text.encode(), whole=True, log=False) == ""


def test_what_is_refused_is_named_with_its_kind_and_a_way_out() -> None:
    error = denied("notes.txt", "a GitHub token")
    assert error.message == "notes.txt looks like a secret (it holds a GitHub token) and is never read."
    assert error.remedy.startswith("Copy what is needed, without the secret, to another file; ")
    assert PEM not in str(error)
