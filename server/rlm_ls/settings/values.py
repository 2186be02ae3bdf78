"""What a single setting may be: names, addresses, numbers within bounds."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

KEY_LIKE = re.compile(r"(sk|pk|key|gsk|xai|AIza|hf)[-_]?[A-Za-z0-9]*[-_0-9]|(?=.*[a-z])(?=.*[0-9])\S{20,}")


def endpoint(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a URL such as http://localhost:11434/v1")
    if parts.username or parts.password or parts.query:
        raise ValueError("must hold no password or key; name an environment variable in models.apiKeyEnv instead")
    return value


def variable_name(value: str | None) -> str | None:
    if value is not None and (KEY_LIKE.match(value) or len(value) > 64):
        raise ValueError(
            "looks like a key; put the key into an environment variable and write that variable's name here"
        )
    if value is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", value):
        raise ValueError("must be the name of an environment variable, such as OPENAI_API_KEY")
    return value


def split_weight(name: str) -> tuple[str, int | None]:
    """A model's name and its weight in a list: "openai/gpt-4o-mini*3" is 3; None where none is written.

    Raises ValueError with the reason, for what cannot be a model's name.
    """
    found = re.fullmatch(r"([^\s*,]+)(?:\*([1-9][0-9]{0,2}))?", name)
    if found is None:
        raise ValueError("must be a model's name, with a weight from 1 to 999 if any, such as openai/gpt-4o-mini*3")
    return found[1], int(found[2]) if found[2] else None


def _model_name(value: str) -> str:
    split_weight(value)
    return value


def _address(value: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]+://[^/\s]", value):
        raise ValueError("is no address of a text elsewhere, as https://HOST/PATH or s3://BUCKET/PATH are")
    return value


def _own_host(value: str) -> str:
    """A name, an address, or a network such as 192.168.1.0/24: neither a URL nor a pattern."""
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        if not re.fullmatch(r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?", value):
            raise ValueError("must be a host's name, an address or a network such as 192.168.1.0/24") from None
    return value


def _one_or_many(value: Any) -> Any:
    # A tuple, since what comes out of here is checked as strictly as Python data.
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Name = Annotated[str, Field(min_length=1, max_length=4096)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_many)]
ModelNames = Annotated[tuple[Annotated[Name, AfterValidator(_model_name)], ...], BeforeValidator(_one_or_many)]
Addresses = Annotated[tuple[Annotated[Name, AfterValidator(_address)], ...], BeforeValidator(_one_or_many)]
Hosts = Annotated[tuple[Annotated[Name, AfterValidator(_own_host)], ...], BeforeValidator(_one_or_many)]
Width = Annotated[int, Field(ge=1, le=1024)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


Role = Literal["root", "sub", "code"]
Effort = Literal["none", "minimal", "low", "medium", "high"]


def _for_all_roles(value: Any) -> Any:
    return dict.fromkeys(("root", "sub", "code"), value) if isinstance(value, str) else value


Efforts = Annotated[Mapping[Role, Effort], BeforeValidator(_for_all_roles)]
