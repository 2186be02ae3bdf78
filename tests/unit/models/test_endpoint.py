"""Where a request goes, and what of it is shown: by the name of the model, its variables, and the address."""

from __future__ import annotations

import pytest

from rlm_ls.models.providers.endpoint import (
    Endpoint,
    endpoint,
    is_listed,
    is_loopback,
    is_loopback_name,
    usual_variables,
)


@pytest.mark.parametrize(
    ("base", "host", "shown"),
    [
        (None, "", ""),
        ("http://localhost:1/v1", "localhost:1", "http://localhost:1/v1"),
        ("https://me:secret@host:8/v1?key=secret#secret", "host:8", "https://host:8/v1"),
        ("https://me:se@cret@host/", "host", "https://host/"),
    ],
)
def test_what_is_shown_of_an_address_holds_no_password(base: str | None, host: str, shown: str) -> None:
    where = Endpoint(base, local=False)
    assert (where.host, where.shown) == (host, shown)
    assert where.trusted is False


def test_an_address_that_was_given_wins_over_every_variable() -> None:
    environ = {"OPENAI_BASE_URL": "http://elsewhere.example"}
    assert endpoint("openai/x", "http://here.example", environ) == Endpoint("http://here.example", False, False)


@pytest.mark.parametrize(
    ("model", "environ", "base"),
    [
        ("openai/x", {}, None),
        ("openai/x", {"OPENAI_API_BASE": "http://b"}, "http://b"),
        ("openai/x", {"OPENAI_BASE_URL": "http://a", "OPENAI_API_BASE": "http://b"}, "http://a"),
        ("openai/x", {"OPENAI_BASE_URL": "", "OPENAI_API_BASE": "http://b"}, "http://b"),
        ("openai/x/y", {"OPENAI_BASE_URL": "http://a"}, "http://a"),
        ("anthropic/x", {"ANTHROPIC_API_BASE": "http://a"}, "http://a"),
        ("anthropic/x", {"ANTHROPIC_BASE_URL": "http://a"}, "http://a"),
        ("anthropic/x", {"OPENAI_BASE_URL": "http://a"}, None),
        ("ollama/x", {}, "http://localhost:11434"),
        ("mystery", {"MYSTERY_API_BASE": "http://a"}, None),
    ],
)
def test_an_address_is_where_litellm_itself_would_look(model: str, environ: dict[str, str], base: str | None) -> None:
    assert endpoint(model, None, environ).base == base


def test_the_usual_variables_are_named_after_the_provider() -> None:
    assert usual_variables("together_ai") == ("TOGETHER_AI_API_BASE", "TOGETHER_AI_BASE_URL")


def test_this_machine_is_local_and_trusted_and_a_listed_host_is_trusted_alone() -> None:
    here = endpoint("openai/x", "http://127.0.0.1:1", {})
    assert (here.local, here.trusted) == (True, True)
    listed = endpoint("openai/x", "http://gpu.lan:1", {}, ["gpu.lan"])
    assert (listed.local, listed.trusted) == (False, True)
    other = endpoint("openai/x", "http://gpu.lan:1", {}, [])
    assert (other.local, other.trusted) == (False, False)
    own = endpoint("openai/x", None, {}, ["gpu.lan"])
    assert (own.local, own.trusted) == (False, False)


@pytest.mark.parametrize("name", ["localhost", "models.localhost"])
def test_names_of_this_machine(name: str) -> None:
    assert is_loopback_name(name)
    assert is_loopback(f"http://{name.upper()}.:1/")


@pytest.mark.parametrize("name", ["", "xlocalhost", "localhost.example", "local"])
def test_names_that_are_not_of_this_machine(name: str) -> None:
    assert not is_loopback_name(name)
    assert not is_loopback(f"http://{name}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example\\@localhost/",
        "http://localhost\\.evil.example/",
        "http://localhost /",
        "http://evil example/",
        "http://localhost\t.evil.example/",
        "http://local\nhost/",
        "http://[::1",
        "localhost",
        "",
    ],
)
def test_an_address_that_two_readers_may_read_differently_is_nobodys(url: str) -> None:
    assert not is_loopback(url)
    assert not is_listed(url, ["localhost", "evil.example", "evil example", "", "::1"])


@pytest.mark.parametrize(
    ("host", "hosts", "listed"),
    [
        ("gpu.lan", ["other", "GPU.LAN."], True),
        ("gpu.lan", ["gpu.lan.example", "lan"], False),
        ("10.1.2.3", ["gpu.lan", "10.0.0.0/8"], True),
        ("10.1.2.3", ["10.1.2.9/8"], True),
        ("10.1.2.3", ["10.1.2.3"], True),
        ("10.1.2.3", ["10.1.2.4", "fd00::/8"], False),
        ("[fd00::1]", ["10.0.0.0/8", "fd00::/8"], True),
        ("gpu.lan", [], False),
    ],
)
def test_a_host_is_listed_by_its_name_its_address_or_its_network(host: str, hosts: list[str], listed: bool) -> None:
    assert is_listed(f"https://{host}:8443/v1", hosts) is listed
