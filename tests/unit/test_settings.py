"""Settings in layers; a bad one is named, left out, and stops nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlm_ls.settings.layers import Problem, default_file, load
from rlm_ls.settings.sections import Settings

SECRET = "sk-live-0123456789abcdef"


def loaded(tmp_path: Path, toml: str = "", client: Any = None, **environ: str) -> tuple[Settings, tuple[Problem, ...]]:
    file = tmp_path / "settings.toml"
    file.write_text(toml, "utf-8")
    return load(file=file, environ=environ, client=client)


def test_nothing_set_is_the_defaults_without_a_problem(tmp_path: Path) -> None:
    assert load(file=tmp_path / "missing.toml", environ={}, client={}) == (Settings(), ())
    assert Settings().budget.turns == 16
    assert Settings().levels == ("dsl", "wasm", "llm")


def test_each_layer_wins_over_the_one_below(tmp_path: Path) -> None:
    toml = "[budget]\nturns = 1\nseconds = 1\nusd = 1\n[models]\nroot = 'openai/file'"
    settings, problems = loaded(
        tmp_path, toml, {"budget": {"usd": 3}}, RLM_BUDGET_SECONDS="2", RLM_BUDGET_USD="2", RLM_MODEL="openai/env"
    )
    assert problems == ()
    assert (settings.budget.turns, settings.budget.seconds, settings.budget.usd) == (1, 2.0, 3.0)
    assert settings.models.root == ("openai/env",)


def test_one_name_and_a_list_of_names_are_both_taken(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, "[models]\nroot = 'a/b'\nsub = ['c/d', 'e/f']", RLM_MODELS_CODE="g/h, i/j")
    assert problems == ()
    assert settings.models.root == ("a/b",)
    assert settings.models.sub == ("c/d", "e/f")
    assert settings.models.code == ("g/h", "i/j")


def test_the_long_form_of_a_variable_wins_over_the_short_one(tmp_path: Path) -> None:
    settings, _ = loaded(tmp_path, RLM_MODEL="openai/short", RLM_MODELS_ROOT="openai/long")
    assert settings.models.root == ("openai/long",)


def test_both_spellings_and_the_section_rlm_are_taken(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, "[rlm.budget]\nsub_calls = 5", {"rlm": {"budget": {"askAboveUsd": 0.5}}})
    assert problems == ()
    assert (settings.budget.sub_calls, settings.budget.ask_above_usd) == (5, 0.5)


def test_what_an_editor_leaves_empty_is_not_set(tmp_path: Path) -> None:
    client = {"models": {"root": "", "sub": None, "apiBase": None}, "privacy": None, "context": None}
    settings, problems = loaded(tmp_path, "[models]\nroot='a/b'\napiBase='http://localhost:1/v1'", client)
    assert problems == ()
    assert settings.models.root == ("a/b",)
    assert settings.models.api_base == "http://localhost:1/v1"


def test_an_editor_that_knows_only_floats_can_set_whole_numbers(tmp_path: Path) -> None:
    assert loaded(tmp_path, client={"budget": {"turns": 7.0}})[0].budget.turns == 7


@pytest.mark.parametrize(
    ("client", "where"),
    [
        ({"budget": {"turns": "many"}}, "budget.turns"),
        ({"budget": {"turns": "16"}}, "budget.turns"),
        ({"budget": {"turns": True}}, "budget.turns"),
        ({"budget": {"turns": 0}}, "budget.turns"),
        ({"budget": {"turns": 1.5}}, "budget.turns"),
        ({"budget": {"usd": -1}}, "budget.usd"),
        ({"budget": {"seconds": float("inf")}}, "budget.seconds"),
        ({"budget": {"seconds": float("nan")}}, "budget.seconds"),
        ({"budget": [1, 2]}, "budget"),
        ({"levels": ["dsl", "magic"]}, "levels"),
        ({"levels": []}, "levels"),
        ({"privacy": "none"}, "privacy"),
        ({"trace": {"deep": {"er": 1}}}, "trace"),
        ({"models": {"root": [1]}}, "models.root"),
        ({"models": {"apiBase": "localhost:11434"}}, "models.apiBase"),
        ({"models": {"apiBase": "file:///etc/passwd"}}, "models.apiBase"),
        ({"models": {"apiBase": f"http://user:{SECRET}@host/v1"}}, "models.apiBase"),
        ({"models": {"apiKeyEnv": SECRET}}, "models.apiKeyEnv"),
        ({"models": {"apiKeyEnv": "two words"}}, "models.apiKeyEnv"),
        ({"models": {"apiKey": SECRET}}, "models.apiKey"),
        ({"outputCharacters": object()}, "outputCharacters"),
        ({"context": {"exclude": "*.log", "maxFileBytes": "1 GB"}}, "context.maxFileBytes"),
        ("not a table", "editor settings"),
        ([], "editor settings"),
    ],
)
def test_a_bad_value_leaves_the_layer_below_and_is_named_once(tmp_path: Path, client: Any, where: str) -> None:
    toml = "levels = ['dsl', 'wasm']\n[budget]\nturns = 9\n[models]\nroot = 'a/b'"
    settings, problems = loaded(tmp_path, toml, client)
    assert settings.budget.turns == 9
    assert settings.models.root == ("a/b",)
    assert settings.levels == ("dsl", "wasm")
    (problem,) = problems
    assert where in problem.where
    assert SECRET not in str(problem)


def test_a_good_value_beside_a_bad_one_is_taken(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, "[budget]\nturns = 'x'\nusd = 0.5")
    assert settings.budget.usd == 0.5
    assert len(problems) == 1


def test_an_unknown_key_is_named_with_what_was_meant(tmp_path: Path) -> None:
    _, problems = loaded(tmp_path, "privcy = 'local'\n[budget]\nturnz = 1", RLM_BUDGET_TRUNS="3")
    assert [problem.message for problem in problems] == [
        "is no setting. Did you mean privacy?",
        "is no setting. Did you mean turns?",
        "is no setting. Did you mean RLM_BUDGET_TURNS?",
    ]


def test_a_bad_variable_is_a_problem(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, RLM_BUDGET_TURNS="lots", RLM_LEVELS="dsl,llm")
    assert settings.budget.turns == 16
    assert settings.levels == ("dsl", "llm")
    assert len(problems) == 1


@pytest.mark.parametrize("content", [b"turns = = 1", b"\xff\xfe", b"[budget]\nturns=1\n[budget]\nturns=2"])
def test_a_broken_file_is_a_problem_and_the_defaults(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    settings, problems = load(file=file, environ={})
    assert settings == Settings()
    assert len(problems) == 1
    assert str(file) in problems[0].where


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    settings, problems = load(file=tmp_path, environ={})
    assert settings == Settings()
    assert len(problems) == 1


def test_the_user_s_own_editor_may_set_them(tmp_path: Path) -> None:
    client = {"models": {"apiBase": "http://localhost:9/v1", "apiKeyEnv": "MY_KEY"}}
    settings, problems = loaded(tmp_path, client=client)
    assert problems == ()
    assert (settings.models.api_base, settings.models.api_key_env) == ("http://localhost:9/v1", "MY_KEY")


def test_weights_limits_hosts_and_profiles_are_taken(tmp_path: Path) -> None:
    toml = """
    [models]
    sub = ["openai/gpt-4o-mini*3", "groq/llama-3.3-70b"]
    concurrency = 32
    silenceSeconds = 300
    localHosts = ["gpu.lan", "192.168.1.0/24"]
    [models.limits]
    groq = 4
    [models.profiles."openai/gpt-4o*"]
    characters = 60000
    replyTokens = 900
    """
    settings, problems = loaded(tmp_path, toml)
    models = settings.models
    assert problems == ()
    assert models.sub == ("openai/gpt-4o-mini*3", "groq/llama-3.3-70b")
    assert (models.concurrency, models.silence_seconds, dict(models.limits)) == (32, 300.0, {"groq": 4})
    assert models.local_hosts == ("gpu.lan", "192.168.1.0/24")
    assert (models.profiles["openai/gpt-4o*"].characters, models.profiles["openai/gpt-4o*"].reply_tokens) == (
        60000,
        900,
    )


def test_a_list_in_the_environment_may_be_json_where_its_items_have_commas(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, RLM_CONTEXT_DENY='["*.{a,b}", "c"]', RLM_CONTEXT_EXCLUDE="[ab]*.log,x")
    assert (settings.context.deny, settings.context.exclude, problems) == (("*.{a,b}", "c"), ("[ab]*.log", "x"), ())


def test_a_table_in_the_environment_is_json(tmp_path: Path) -> None:
    settings, problems = loaded(tmp_path, RLM_MODELS_LIMITS='{"groq": 4}', RLM_MODELS_LOCAL_HOSTS="gpu.lan, 10.0.0.0/8")
    assert problems == ()
    assert (dict(settings.models.limits), settings.models.local_hosts) == ({"groq": 4}, ("gpu.lan", "10.0.0.0/8"))


@pytest.mark.parametrize(
    "models",
    [
        {"sub": ["openai/a*0"]},
        {"sub": ["openai/a*1000"]},
        {"sub": ["openai/a*x"]},
        {"sub": ["openai/*"]},
        {"sub": ["the big one"]},
        {"concurrency": 0},
        {"limits": {"openai": 0}},
        {"limits": {"openai": "many"}},
        {"limits": 4},
        {"localHosts": ["http://gpu.lan"]},
        {"localHosts": ["*.lan"]},
        {"localHosts": ["gpu..lan"]},
        {"profiles": {"openai/*": {"characters": 5}}},
        {"profiles": {"openai/*": {"charcters": 50_000}}},
        {"silenceSeconds": 0},
    ],
)
def test_a_bad_setting_of_the_models_is_named_and_left_out(tmp_path: Path, models: dict[str, Any]) -> None:
    settings, problems = loaded(tmp_path, client={"models": models})
    assert settings == Settings()
    (problem,) = problems
    assert next(iter(models)) in problem.where


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().budget.turns = 3  # type: ignore[misc]


def test_the_file_is_the_user_s_and_not_the_workspace_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").write_text("privacy = 'local'", "utf-8")
    assert default_file().is_absolute()
    assert not default_file().is_relative_to(tmp_path)
    assert load(environ={})[0].privacy == "any"


def test_code_lenses_are_off_unless_a_layer_says_true(tmp_path: Path) -> None:
    assert loaded(tmp_path)[0].code_lens is False
    for layer in ({"toml": "codeLens = true"}, {"client": {"codeLens": True}}, {"RLM_CODE_LENS": "true"}):
        settings, problems = loaded(tmp_path, **layer)  # type: ignore[arg-type]
        assert (settings.code_lens, problems) == (True, ())
    assert loaded(tmp_path, "codeLens = true", {"codeLens": False}, RLM_CODE_LENS="True")[0].code_lens is False
    settings, (problem,) = loaded(tmp_path, RLM_CODE_LENS="1")
    assert settings.code_lens is False
    assert "code_lens" in str(problem)


def test_a_text_elsewhere_is_named_by_an_address(tmp_path: Path) -> None:
    for address in ("s3://logs/2026-11-*/", "https://host/app.log", "node://*/var/log/app.log"):
        assert loaded(tmp_path, client={"context": {"remote": address}}) == (
            Settings.model_validate({"context": {"remote": (address,)}}),
            (),
        )
    for name in ("app.log", "/var/log", "s3://", "what is this"):
        settings, (problem,) = loaded(tmp_path, client={"context": {"remote": [name]}})
        assert settings.context.remote == ()
        assert "address" in problem.message
