"""LiteLLM, loaded once, late, in a thread of its own, and kept quiet: its import takes seconds and 140 MB."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
import os
import threading
from concurrent.futures import Future
from typing import Any

from rlm_ls.models.providers import direct, transport

_lock = threading.Lock()
_loading: Future[Any] | None = None
_users = 0


async def load() -> Any:
    """The litellm module. The first call takes seconds, off the event loop; cancelled, it leaves the import running."""
    return await asyncio.wrap_future(_start())


def loaded() -> Any | None:
    """The litellm module if it has been loaded by now. Never blocks."""
    done = _loading is not None and _loading.done() and _loading.exception() is None
    return _loading.result() if done and _loading is not None else None


def opened() -> None:
    """Note that an engine uses the connections, which all engines of this process share."""
    global _users
    _users += 1


async def close() -> None:
    """Close the idle connections that litellm and direct calls keep, if this was the last engine that uses them.

    To be called before the event loop ends.
    """
    global _users
    _users = max(0, _users - 1)
    if _users:
        return
    await direct.close()
    if (litellm := loaded()) is not None:
        await litellm.close_litellm_async_clients()
        litellm.in_memory_llm_clients_cache.flush_cache()  # or the next question is asked through a closed client


def _start() -> Future[Any]:
    global _loading
    with _lock:
        if _loading is None or (_loading.done() and _loading.exception() is not None):
            _loading = Future()
            _loading.set_running_or_notify_cancel()  # one caller's cancel must not cancel the import for all
            # A daemon: a server told to exit during the import must not wait for it.
            threading.Thread(target=_import, args=(_loading,), name="litellm-import", daemon=True).start()
        return _loading


def _import(future: Future[Any]) -> None:
    # The collector would go through all of a half-made litellm again and again, holding the interpreter's lock.
    collecting = gc.isenabled()
    gc.disable()
    try:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it fetches its price list from the network
        for more in ("ANTHROPIC_BETA_HEADERS", "AUTOROUTER_PRESETS", "BLOG_POSTS", "POLICY_TEMPLATES"):
            os.environ[f"LITELLM_LOCAL_{more}"] = "True"
        os.environ["LITELLM_MODE"] = "PRODUCTION"  # or it reads .env files around it: endpoints from a workspace
        os.environ.setdefault("LITELLM_LOG", "ERROR")
        _keep_proxies_off_loopback()
        litellm: Any = importlib.import_module("litellm")
        importlib.import_module("aiohttp")
        importlib.import_module("openai.resources.chat")  # or the first call imports it, on the event loop
        transport.install()
        litellm.suppress_debug_info = True  # or it prints hints to stdout, which is the protocol's
        litellm.disable_token_counter = True  # or the first call builds a tokenizer, on the event loop
        litellm.set_verbose = False
        litellm.telemetry = False
        litellm.disable_streaming_logging = True  # or each piece of a stream is kept and counted again at its end
        litellm.drop_params = True
        litellm.callbacks = []
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        gc.freeze()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(litellm)
    finally:
        if collecting:
            gc.enable()


def _keep_proxies_off_loopback() -> None:
    """With HTTP_PROXY set, a request to a model on this machine would leave it."""
    for variable in ("NO_PROXY", "no_proxy"):
        hosts = os.environ.get(variable, "")
        if hosts != "*":
            os.environ[variable] = ",".join(part for part in (hosts, "localhost,127.0.0.1,::1") if part)
