"""Files that are never read: those that by their name, folder or first bytes are keys, passwords or tokens.

The lists of names and folders are our own, for no library has one. Tokens are recognised by the rules of detect-secrets
(Yelp): its rules are tried only where a token's fixed beginning is found, and one pass over a text's head finds those.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache, partial
from importlib import import_module
from typing import cast

import re2  # type: ignore[import-untyped]

from rlm_ls.errors import DocumentDenied

NAMES = (
    # environments
    ".env", ".env.*", ".env-*", ".env_*", "*.env", "*.env.local", ".envrc", ".flaskenv",
    # keys and certificates' keys
    "*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdb", "*.kdbx", "*.ppk", "*.keytab", "*.ovpn",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*", "ssh_host_*_key",
    # what programs keep to log in with
    ".netrc", "_netrc", ".authinfo", ".pypirc", ".npmrc", ".git-credentials", ".htpasswd", ".pgpass", "pgpass.conf",
    ".my.cnf", ".mylogin.cnf", ".s3cfg", ".boto", ".dockercfg", ".dockerconfigjson", ".vault-token", ".terraformrc",
    "terraform.rc", "rclone.conf", "credentials", "credentials.*", "secrets.*", "application_default_credentials.json",
    "service[-_]account*.json", "serviceaccount*.json", "msal_token_cache.*", "accesstokens.json", "master.key",
    # infrastructure
    "*.tfvars", "*.tfvars.json", "*.tfstate", "*.tfstate.*", "kubeconfig", "kubeconfig.y*ml", "kubeconfig.json",
    "*.kubeconfig", "*kubeconfig.y*ml",
)  # fmt: skip
"""Patterns of file names (any case)."""

PLACES = (
    ".ssh/*", ".gnupg/*", ".aws/*", ".password-store/*", ".docker/config.json", ".kube/config", "gh/hosts.yml",
    "rclone/*.conf", "etc/shadow*", "etc/gshadow*", "etc/master.passwd", ".cargo/credentials*", ".gem/credentials*",
)  # fmt: skip
"""The same with the folder that they lie in."""

HARMLESS = ("*.example", "*.sample", "*.template", "*.dist", "*.pub", "example.env", "sample.env", "template.env")
"""File names that look like NAMES and hold none. What is in them is looked at all the same."""

_COPY = re.compile(
    r"(?:~|\.(?:old|bak\d*|back|backup|orig|save|saved|copy|tmp|temp|sw[a-p]|rej|\d{1,14}|gz|bz2|xz|zst|zip|enc|gpg|age))$"
)
"""What editors, package managers and people add to the name of a copy."""

LOOKED_AT = 1 << 14
"""First bytes of a text that are looked at. A text that ends within them is refused for a token; a longer one is a log
or a dump that happens to hold one. A private key there refuses any."""

SOURCE = 1 << 12
"""The same for programs and pages, of which there are many: looking for tokens costs as much as reading them."""

_MOST_PLACES = 64


def is_secret(path: str, deny: tuple[str, ...] = ()) -> bool:
    """Whether a file stays out by its name, or by the folder that it lies in. `deny` adds patterns of names."""
    folder, name = os.path.split(path.lower())
    return in_secret_place(os.path.basename(folder), name) or is_secret_name(name, deny)


@lru_cache(maxsize=1 << 13)  # folders hold files of the same names
def is_secret_name(name: str, deny: tuple[str, ...] = ()) -> bool:
    """Whether a file of this name (without folders) stays out; copies and backups count as what they are copies of."""
    lower = name.lower()
    if deny and _any_of(deny).match(lower) is not None:
        return True
    return any(_fits_name(one) and _any_of(HARMLESS).match(one) is None for one in _without_copies(lower))


def _fits_name(name: str) -> bool:
    """Whether it matches one of NAMES. There are many names: most patterns are a plain beginning, end or whole."""
    return (
        name in _WHOLE or name.endswith(_ENDS) or name.startswith(_STARTS) or _any_of(_OTHERS).match(name) is not None
    )


_WILD = re.compile(r"[*?\[]")
_WHOLE = frozenset(one for one in NAMES if not _WILD.search(one))
_ENDS = tuple(one[1:] for one in NAMES if one[0] == "*" and not _WILD.search(one[1:]))
_STARTS = tuple(one[:-1] for one in NAMES if one[-1] == "*" and not _WILD.search(one[:-1]))
_OTHERS = tuple(one for one in NAMES if one not in _WHOLE and one[1:] not in _ENDS and one[:-1] not in _STARTS)


def in_secret_place(folder: str, name: str) -> bool:
    """Whether a file of this name stays out in a folder of that name."""
    lower = name.lower()
    return folder.lower() in _FOLDERS and any(
        _any_of(PLACES).match(f"{folder.lower()}/{one}") is not None and not one.endswith(".pub")
        for one in _without_copies(lower)
    )


_FOLDERS = frozenset(place.partition("/")[0] for place in PLACES)


@lru_cache(maxsize=32)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.lower()) for pattern in patterns) or r"(?!)", re.DOTALL)


def _without_copies(name: str) -> list[str]:
    """The name, and those of which it may be a copy: `.id_rsa.swp`, `#.env#`, `prod.env.bak.1` …"""
    names = [name]
    if name[:1] == name[-1:] == "#":
        names.append(name.strip("#"))
    if name.startswith((".#", "copy of ")):
        names.append(name.removeprefix(".#").removeprefix("copy of "))
    found: list[str] = []
    for one in names:
        found.append(one)
        while cut := _COPY.search(found[-1], 1):
            shorter = found[-1][: cut.start()]
            found.append(shorter)
            if cut.group().startswith(".sw"):
                found.append(shorter.removeprefix("."))
    return found


def is_small(name: str, size: int) -> bool:
    """Whether a text is so small that a token makes it a secret."""
    return size <= (SOURCE if name.lower().endswith(_SOURCES) else LOOKED_AT)


_SOURCES = (
    ".py", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".c", ".h", ".cc", ".cpp", ".hpp", ".cs", ".go", ".rs", ".java", ".kt",
    ".scala", ".swift", ".m", ".rb", ".php", ".pl", ".lua", ".el", ".vue", ".css", ".scss", ".html", ".md", ".rst",
)  # fmt: skip


def held_secret(head: bytes, *, whole: bool, log: bool) -> str:
    """What kind of secret a text is, by its first LOOKED_AT bytes in UTF-8; empty if it is none.

    `whole`: it is small (is_small), and this is all of it. `log`: tokens in it were written down by a program, and
    refuse nothing.
    """
    if log or not whole:
        named = b"PRIVATE KEY" in head or b"PuTTY-User-Key-File-" in head
        return "a private key" if named and _KEY.search(head) else ""
    for tried, place in enumerate(_beginnings().finditer(head)):
        title, check = _KINDS[place.group()]
        if tried < _MOST_PLACES and check(head, place.start(), place.end()):
            return title
    return ""


def may_hold_secret(raw: bytes) -> bool:
    """False where nothing stands that a secret begins with: told of many texts at once."""
    return _beginnings().search(raw) is not None


_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----(?:[ \t]*(?:\r?\n|\r)|\\{1,2}[rn])+[ \t]*"
    rb"(?:[A-Za-z0-9+/=]{4}|[A-Z][A-Za-z-]+: )|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----[ \t]*\r?\n"
    rb"|PuTTY-User-Key-File-\d: \S"
)
"""The header with a key behind it: a program or a page that only names the header is none."""


def is_log(name: str) -> bool:
    """Whether a file is, by its name, what programs wrote down line by line."""
    return _LOG.search(name.lower()) is not None


_LOG = re.compile(
    r"(?:\.(?:log|jsonl|ndjson|csv|tsv|out|err|trace)(?:[.-][\w.-]*)?|(?:^|/)(?:syslog|messages)[\w.-]*)$"
)


def denied(name: str, title: str) -> DocumentDenied:
    """The error for a text that holds a secret of this kind."""
    return DocumentDenied(
        f"{name} looks like a secret (it holds {title}) and is never read.",
        "Copy what is needed, without the secret, to another file; at a terminal, pipe it in on purpose: … - < FILE.",
    )


def _private_key(head: bytes, start: int, end: int) -> bool:
    return any(place.start() <= start < place.end() for place in _KEY.finditer(head[: end + 64], max(0, start - 64)))


def _fits(pattern: bytes, head: bytes, start: int, _end: int) -> bool:
    found = re.compile(pattern).search(head[start : start + 512])
    return found is not None and found.start() == 0


def _detected(module: str, head: bytes, start: int, end: int) -> bool:
    """By the rules of a detector of detect-secrets, tried on the few hundred bytes around: they are not linear."""
    around = head[max(0, start - 128) : end + 256].decode("latin-1")
    here = start - max(0, start - 128)
    return any(
        found.start() <= here < found.end() and not _EXAMPLE.search(found.group())
        for rule in _rules(module)
        for found in rule.finditer(around)
    )


_EXAMPLE = re.compile(r"EXAMPLE|(?i:example|your)|(.)\1{7}|0123456789|1234567890abcdef")


@lru_cache(maxsize=32)
def _rules(module: str) -> list[re.Pattern[str]]:
    """Imported only where a token may be: a tenth of a second, once a process."""
    from detect_secrets.plugins.base import RegexBasedDetector

    found = import_module(f"detect_secrets.plugins.{module}")
    return [
        rule
        for kind in vars(found).values()
        if isinstance(kind, type) and issubclass(kind, RegexBasedDetector) and kind is not RegexBasedDetector
        for rule in cast(Iterable[re.Pattern[str]], kind.denylist)
    ]


_DETECTORS = {
    "aws": ("an AWS key", ("AKIA", "ASIA", "ABIA", "ACCA")),
    "github_token": ("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    "gitlab_token": ("a GitLab token", ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "GR1348941", "glptt-")),
    "slack": ("a Slack token", ("xoxa-", "xoxb-", "xoxp-", "xoxo-", "xoxs-", "xoxr-", "hooks.slack.com/services/")),
    "npm": ("an npm token", (":_authToken=",)),
    "openai": ("an OpenAI key", ("T3BlbkFJ",)),
    "pypi_token": ("a PyPI token", ("pypi-AgE",)),
    "sendgrid": ("a SendGrid key", ("SG.",)),
    "stripe": ("a Stripe key", ("sk_live_", "rk_live_")),
    "square_oauth": ("a Square secret", ("sq0csp-",)),
    "azure_storage_key": ("an Azure storage key", ("AccountKey=",)),
}  # fmt: skip
"""Detectors of detect-secrets whose tokens begin in a fixed way, and how. (Its others would take prose for tokens.)"""

_OWN = {
    "github_pat_": ("a GitHub token", rb"github_pat_\w{22,}"),
    "AIza": ("a Google API key", rb"AIza[\w-]{35}"),
    "hvs.": ("a Vault token", rb"hvs\.[\w-]{24,}"),
    "client-key-data": ("a kubeconfig", rb"client-key-data\"?:\s*\"?[A-Za-z0-9+/=]{40}"),
    '"auths"': ("a Docker login", rb'"auths"\s*:\s*\{[^}]*"(?:auth|identitytoken)"\s*:\s*"[^"]{8}'),
}  # fmt: skip
"""What its rules lack."""

_Check = Callable[[bytes, int, int], bool]

_KINDS: dict[bytes, tuple[str, _Check]] = {
    **{
        beginning.encode(): (title, partial(_detected, module))
        for module, (title, beginnings) in _DETECTORS.items()
        for beginning in beginnings
    },
    **{beginning.encode(): (title, partial(_fits, pattern)) for beginning, (title, pattern) in _OWN.items()},
    b"PRIVATE KEY": ("a private key", _private_key),
    b"PuTTY-User-Key-File-": ("a private key", _private_key),
}


@lru_cache(maxsize=1)
def _beginnings() -> re2._Regexp:
    """All in one pass, in linear time."""
    return re2.compile(b"|".join(map(re.escape, _KINDS)))
