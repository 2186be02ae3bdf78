"""Where a model's requests go, known before anything is sent and without loading a provider library."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from rlm_ls import loopback

SERVED_HERE = {
    "ollama": (("OLLAMA_API_BASE",), "http://localhost:11434"),
    "ollama_chat": (("OLLAMA_API_BASE",), "http://localhost:11434"),
    "llamafile": (("LLAMAFILE_API_BASE",), "http://127.0.0.1:8080/v1"),
    "lm_studio": (("LM_STUDIO_API_BASE",), "http://localhost:1234/v1"),
    "lemonade": (("LEMONADE_API_BASE",), "http://localhost:8000/api/v1"),
    "xinference": (("XINFERENCE_API_BASE",), "http://127.0.0.1:9997/v1"),
    "hosted_vllm": (("HOSTED_VLLM_API_BASE",), "http://localhost:8000/v1"),
    "openai": (("OPENAI_BASE_URL", "OPENAI_API_BASE"), None),
    "litellm_proxy": (("LITELLM_PROXY_API_BASE",), None),
}
"""LiteLLM providers that may well be on this machine: the variables that LiteLLM reads, and the usual address."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base` is None for a provider's own address; any other is handed on, so that what was judged is used.

    `local`: on this machine. `trusted`: there, or on a host of the setting models.localHosts.
    """

    base: str | None
    local: bool
    trusted: bool = False

    @property
    def host(self) -> str:
        """Host and port, "" for a provider's own address."""
        if self.base is None:
            return ""
        return urlsplit(self.base).netloc.rpartition("@")[2]

    @property
    def shown(self) -> str:
        """`base` for people to read: without a password that a variable may have put there."""
        return (
            "" if self.base is None else urlsplit(self.base)._replace(netloc=self.host, query="", fragment="").geturl()
        )


def usual_variables(provider: str) -> tuple[str, ...]:
    """The environment variables from which LiteLLM reads a provider's address by itself."""
    name = provider.upper()
    return tuple(f"{name}_{end}" for end in ("API_BASE", "BASE_URL"))


def endpoint(model: str, api_base: str | None, environ: Mapping[str, str], local_hosts: Sequence[str] = ()) -> Endpoint:
    """The endpoint of the LiteLLM model name `model`, if need be from the variables that LiteLLM itself would read."""
    if api_base is None:
        provider, named, _ = model.partition("/")
        variables, usual = SERVED_HERE.get(provider, (usual_variables(provider) if named else (), None))
        api_base = next((environ[variable] for variable in variables if environ.get(variable)), usual)
    local = api_base is not None and is_loopback(api_base)
    return Endpoint(api_base, local, local or (api_base is not None and is_listed(api_base, local_hosts)))


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine. Names other than localhost are not looked up: DNS may answer anything."""
    host = _host(url)
    return is_loopback_name(host) or loopback.is_loopback(host)


def is_loopback_name(host: str) -> bool:
    """Whether a host's name means this machine, whatever DNS says (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")


def is_listed(url: str, hosts: Sequence[str]) -> bool:
    """Whether a URL's host is one of `hosts`: names as they are written there, addresses, networks (192.168.1.0/24)."""
    host = _host(url)
    if not host:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host in (listed.lower().rstrip(".") for listed in hosts)
    return any(address in network for listed in hosts if (network := _network(listed)) is not None)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _host(url: str) -> str:
    """Lower-case, without a final dot; "" for a URL that cannot be read, or that two readers may read differently."""
    if "\\" in url or not url.isprintable() or " " in url:
        return ""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
