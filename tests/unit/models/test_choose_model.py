"""Which model answers, and that nothing leaves this machine when it must not."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from rlm_ls.errors import ModelNotLocal, UnknownModel
from rlm_ls.models.choose import choose
from rlm_ls.models.providers.endpoint import endpoint, is_loopback
from rlm_ls.models.providers.fallback import FallbackModel
from rlm_ls.settings.sections import Settings


def settings(**models: Any) -> Settings:
    return Settings.model_validate({"models": models})


def local(**models: Any) -> Settings:
    return Settings.model_validate({"models": models, "privacy": "local"})


def test_nothing_configured_is_no_model() -> None:
    assert choose("root", None, Settings(), {}) is None
    assert choose("root", "", Settings(), {}) is None


def test_offline_is_no_model_even_where_one_is_configured() -> None:
    assert choose("root", "offline", settings(root=("openai/x",)), {}) is None


def test_the_request_wins_over_the_settings() -> None:
    model = choose("root", "openai/asked", settings(root=("openai/set",)), {})
    assert model is not None
    assert model.name == "openai/asked"


def test_a_role_without_a_model_takes_the_root_s() -> None:
    names = settings(root=("openai/root",), code=("openai/code",))
    chosen = [choose(role, None, names, {}) for role in ("root", "sub", "code")]  # type: ignore[arg-type]
    assert [model.name for model in chosen if model] == ["openai/root", "openai/root", "openai/code"]


def test_a_list_is_an_ordered_fallback() -> None:
    model = choose("root", None, settings(root=("openai/a", "openai/b")), {})
    assert isinstance(model, FallbackModel)
    assert model.name == "openai/a, openai/b"


def test_a_list_with_a_weight_is_shared_out_and_the_rest_weigh_one() -> None:
    model = choose("sub", None, settings(sub=("openai/a*3", "openai/b")), {})
    assert isinstance(model, FallbackModel)
    assert (model.name, model.weights) == ("openai/a, openai/b", (3, 1))
    plain = choose("sub", None, settings(sub=("openai/a", "openai/b")), {})
    assert isinstance(plain, FallbackModel)
    assert plain.weights is None


def test_a_weight_alone_changes_nothing_and_a_bad_one_is_refused() -> None:
    model = choose("root", "openai/a*3", Settings(), {})
    assert model is not None
    assert model.name == "openai/a"
    with pytest.raises(UnknownModel, match="weight"):
        choose("root", "openai/a*many", Settings(), {})


def test_the_endpoint_is_a_host_or_a_provider_and_never_a_key() -> None:
    def asked(name: str, base: str | None = None) -> str:
        model = choose("root", name, settings(api_base=base), {"OPENAI_API_KEY": "sk-secret"})
        assert model is not None
        return model.endpoint

    assert asked("openai/x", "http://localhost:8000/v1") == "localhost:8000"
    assert asked("anthropic/claude-sonnet-4-5") == "anthropic"
    assert asked("openai/a, anthropic/b, openai/c") == "openai, anthropic"
    assert endpoint("openai/x", "http://me:secret@host:1/v1", {}).host == "host:1"


def test_a_sentence_is_no_model_name() -> None:
    with pytest.raises(UnknownModel, match="LiteLLM name"):
        choose("root", "the big one please", Settings(), {})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:11434", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8000", True),
        ("http://models.localhost/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://localhost.evil.example/v1", False),
        ("http://192.168.1.20:11434", False),
        ("http://127.0.0.1@evil.example/v1", False),
        ("http://evil.example/?localhost", False),
        ("http://0.0.0.0:8000", False),
        ("localhost", False),
        ("http://[bad", False),
    ],
)
def test_loopback_is_told_from_everything_else(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_a_local_provider_is_followed_to_where_its_variable_points() -> None:
    assert endpoint("ollama_chat/qwen3", None, {}).local
    elsewhere = endpoint("ollama_chat/qwen3", None, {"OLLAMA_API_BASE": "http://gpu.example:11434"})
    assert (elsewhere.base, elsewhere.local) == ("http://gpu.example:11434", False)
    assert endpoint("openai/x", None, {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}).local
    assert not endpoint("openai/x", None, {}).local


@pytest.mark.parametrize("name", ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "mystery"])
def test_privacy_local_refuses_a_provider_before_anything_is_sent(name: str) -> None:
    with pytest.raises(ModelNotLocal, match="privacy"):
        choose("root", name, local(), {})


def test_privacy_local_refuses_a_list_with_one_remote_model() -> None:
    with pytest.raises(ModelNotLocal):
        choose("root", None, local(root=("ollama_chat/qwen3", "openai/gpt-4o-mini")), {})


@pytest.mark.parametrize(
    ("host", "listed"),
    [
        ("gpu.lan", True),
        ("GPU.lan.", True),
        ("192.168.1.77", True),
        ("[fd00::5]", True),
        ("10.0.0.9", True),
        ("192.168.2.1", False),
        ("gpu.lan.evil.example", False),
        ("gpu", False),
        ("192.168.1.77.evil.example", False),
        ("gpu.lan@evil.example", False),
    ],
)
def test_privacy_local_takes_the_hosts_that_the_user_lists(host: str, listed: bool) -> None:
    hosts = ("gpu.lan", "192.168.1.0/24", "fd00::/8", "10.0.0.9")
    where = endpoint("openai/x", f"http://{host}:8000/v1", {}, hosts)
    assert (where.trusted, where.local) == (listed, False)
    allowed, environ = local(local_hosts=hosts), {"OPENAI_BASE_URL": f"http://{host}:8000/v1"}
    if listed:
        assert choose("root", "openai/x", allowed, environ)
    else:
        with pytest.raises(ModelNotLocal, match="localHosts"):
            choose("root", "openai/x", allowed, environ)


def test_privacy_local_takes_models_of_this_machine() -> None:
    assert choose("root", "ollama_chat/qwen3", local(), {})
    assert choose("root", "openai/any", local(api_base="http://localhost:8000/v1"), {})


def test_choosing_does_not_load_litellm() -> None:
    code = (
        "import sys; from rlm_ls.models.choose import choose; from rlm_ls.settings.sections import Settings;"
        "assert choose('root', 'openai/gpt-4o-mini', Settings(), {}); assert 'litellm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_loading_litellm_reads_no_env_file_and_prints_nothing(tmp_path: Any) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_BASE=http://evil.example/v1\n", "utf-8")
    code = (
        "import asyncio, os; from rlm_ls.models.providers import library; asyncio.run(library.load());"
        "assert 'OPENAI_API_BASE' not in os.environ"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    assert done.stdout == b""


def test_cancelling_the_first_load_leaves_the_next_one_whole_and_the_process_free_to_end() -> None:
    code = """
import asyncio
from rlm_ls.models.providers import library

async def main():
    first = asyncio.create_task(library.load())
    await asyncio.sleep(0.1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert first.cancelled()
    assert (await library.load()).suppress_debug_info
    await library.close()

asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", code], check=True)
