"""Listing and copying, in a worker: by fsspec, with errors in our own words."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from rlm_ls.context.remote import ssh
from rlm_ls.context.remote.addresses import BUCKETS, EXTRAS, is_node, is_pattern, scheme_of, without_password
from rlm_ls.context.workers.deadline import Deadline
from rlm_ls.errors import DocumentChanged, DocumentMissing, DocumentUnreadable, RemoteFailed, RlmError

CHUNK = 4 << 20
VERSIONS = ("ETag", "etag", "generation", "md5Hash", "content_md5", "VersionId", "version_id", "Content-MD5")
TIMES = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "modified")


@dataclass(frozen=True, slots=True)
class Found:
    """A text that is there. `version` differs from that of any other state that its place can tell apart; "" if it
    tells nothing."""

    url: str
    size: int | None
    version: str


def listing(deadline: Deadline, names: tuple[str, ...], most: int) -> list[tuple[str, list[Found]]]:
    """What each name stands for: itself, the files below it, or what its pattern matches; `most` in all.

    Raises DocumentMissing, DocumentUnreadable, RemoteFailed.
    """
    found: list[tuple[str, list[Found]]] = []
    for name in names:
        found.append((name, _listed(name, deadline)))
        if (count := sum(len(texts) for _, texts in found)) > most:
            raise too_many(name, count, most)
    return found


def too_many(name: str, count: int, most: int) -> DocumentUnreadable:
    """`name` was the one too much."""
    return DocumentUnreadable(
        f"With {without_password(name)} that are {count:,} files; at most {most:,} are taken.",
        "Name fewer (a narrower pattern, one day's folder), or raise the setting context.remoteFiles: "
        f"a file takes {'200 bytes' if is_node(name) else '2 kB'} of memory.",
    )


def copy(deadline: Deadline, url: str, version: str, path: str, most: int) -> int:
    """Copy `url` to the private file `path`, at most `most` bytes; how many it were.

    Raises DocumentChanged where it has another version than `version` before or after; then nothing is left.
    """
    part = f"{path}.{os.getpid()}.part"
    with told(url):
        files, place = file_system(url)
        try:
            size, whole = _copied(files, place, url, part, most, deadline)
            files.invalidate_cache()
            if not whole or (version and version_of(files.info(place)) != version):
                raise DocumentChanged(f"{without_password(url)} was replaced while it was read.", "Ask again.")
            if size > most:
                raise DocumentUnreadable(
                    f"{without_password(url)} is larger than the {most >> 20:,} MiB that are left for copies.",
                    "Raise the setting context.remoteMb, or name fewer texts.",
                )
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)
    return size


def _listed(name: str, deadline: Deadline) -> list[Found]:
    with told(name):
        files, place = file_system(name)
        scheme = name.partition("://")[0]
        if is_pattern(name):
            found: dict[str, Any] = files.glob(place, detail=True)
        else:
            about = files.info(place)
            if about.get("type") != "directory":
                return [Found(name, about.get("size"), version_of(about))]
            found = files.find(place, detail=True)
        if deadline.late():
            raise RemoteFailed(f"Listing {without_password(name)} takes too long.", "Name fewer folders.")
        texts = {key: one for key, one in found.items() if one.get("type") != "directory"}
        if not texts:
            raise DocumentMissing(f"Nothing is there: {without_password(name)}.", "Check the address and the pattern.")
        host = _host(name)
        return [
            Found(_url(files, scheme, host, key), one.get("size"), version_of(one))
            for key, one in sorted(texts.items())
        ]


def _copied(files: Any, place: str, url: str, part: str, most: int, deadline: Deadline) -> tuple[int, bool]:
    """Bytes that were there, as far as they were looked at (more than `most`: not all), and whether they are no fewer
    than was said: behind the end of a text that has become shorter a server that knows no ranges says anything."""
    from fsspec.spec import AbstractBufferedFile  # type: ignore[import-untyped]

    size = 0
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target, files.open(place, "rb", block_size=CHUNK) as source:
        said = source.size if isinstance(source, AbstractBufferedFile) else None  # it reads as much as it is asked for
        while chunk := source.read(CHUNK):
            wanted = len(chunk) if said is None else min(CHUNK, said - size)
            size += len(chunk)
            if size > most:
                break
            if deadline.late():
                raise RemoteFailed(f"{without_password(url)} takes too long to read.", "Try again, or name less.")
            target.write(chunk)
            if len(chunk) < wanted:
                return size, False
    return size, True


_buckets: dict[tuple[str, str], Any] = {}
"""By scheme and bucket, the file system with its connections: to make one takes as long as many requests."""

MOST_BUCKETS = 8


def file_system(name: str) -> tuple[Any, str]:
    """What reads `name`, and its place there. Nothing that was listed before is believed."""
    scheme = scheme_of(name)
    if scheme in ("sftp", "ssh"):
        return ssh.file_system(name)
    if scheme not in BUCKETS:
        return _made(name)
    bucket = scheme, name.partition("://")[2].partition("/")[0]
    if bucket not in _buckets:
        while len(_buckets) >= MOST_BUCKETS:
            del _buckets[next(iter(_buckets))]
        _buckets[bucket], place = _made(name)
        return _buckets[bucket], place
    files = _buckets[bucket]
    files.invalidate_cache()
    return files, files._strip_protocol(name)


def _made(name: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    options: dict[str, Any] = {"skip_instance_cache": True}
    if scheme_of(name) in ("http", "https"):
        from aiohttp import ClientTimeout

        options["client_kwargs"] = {"timeout": ClientTimeout(total=None, sock_connect=20, sock_read=60)}
    if scheme_of(name) in ("gs", "gcs"):
        # What kind of bucket it is would be asked through gRPC first, a minute long where that is not let through.
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
    files, place = url_to_fs(name, **options)
    return files, place


def _url(files: Any, scheme: str, host: str, key: str) -> str:
    if host:  # its keys are paths on one machine
        return f"{scheme}://{host}/{key.lstrip('/')}"
    return f"{scheme}://{key.partition('://')[2] or key}"


def _host(name: str) -> str:
    return name.partition("://")[2].partition("/")[0] if scheme_of(name) in ("sftp", "ssh") else ""


def version_of(about: dict[str, Any]) -> str:
    """What tells this state from any other, as a digest; "" where the place tells nothing of the kind."""
    told = [f"{name}={about[name]}" for name in (*VERSIONS, *TIMES) if about.get(name)]
    if not told:
        return ""
    return sha256("\n".join([*told, f"size={about.get('size')}"]).encode("utf-8", "replace")).hexdigest()


@contextmanager
def told(name: str) -> Iterator[None]:
    """Errors of libraries in words of ours: they are of fifty kinds, and may quote keys."""
    shown, scheme = without_password(name), scheme_of(name)
    try:
        with _forgotten_on_errors():
            yield
    except RlmError:
        raise
    except ImportError:
        extra = EXTRAS.get(scheme) or "remote"
        raise RemoteFailed(f"What reads {scheme}:// is not installed.", f"pip install 'rlm-ls[{extra}]'.") from None
    except FileNotFoundError as error:
        if (why := error.__cause__ or error.__context__) is not None:  # all that HTTP has to say
            raise _meaning(shown, scheme, why) from None
        raise DocumentMissing(f"{shown} does not exist.", "Check the address: bucket, folder, name.") from None
    except Exception as error:
        raise _meaning(shown, scheme, error) from None


@contextmanager
def _forgotten_on_errors() -> Iterator[None]:
    """Credentials are looked for again after a failure: they may have been put right."""
    try:
        yield
    except RlmError:
        raise
    except Exception:
        _buckets.clear()
        raise


KEYS: Mapping[str, str] = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws; AWS_ENDPOINT_URL for a server of one's own",
    "gs": "gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or az login",
    "sftp": "the SSH agent, or ~/.ssh",
}
_REFUSED = (
    "credential",
    "forbidden",
    "denied",
    "unauthorized",
    "401",
    "403",
    "authentication",
    "signature",
    "accesskey",
)
_NOWHERE = ("connect", "resolve", "getaddrinfo", "unreachable", "timed out", "timeout", "name or service", "refused")


def _meaning(shown: str, scheme: str, error: BaseException) -> RlmError:
    said = f"{type(error).__name__} {error}".lower()
    kind = {"gcs": "gs", "abfs": "az", "abfss": "az", "ssh": "sftp"}.get(scheme, scheme)
    if isinstance(error, FileNotFoundError) or "404" in said or "nosuch" in said or "not found" in said:
        return DocumentMissing(f"{shown} does not exist.", "Check the address: bucket, folder, name.")
    if isinstance(error, PermissionError) or any(word in said for word in _REFUSED):
        return RemoteFailed(
            f"{shown} may not be read with the credentials that are here.",
            f"They are looked for in: {KEYS.get(kind, 'the environment')}.",
        )
    if isinstance(error, (ConnectionError, TimeoutError)) or any(word in said for word in _NOWHERE):
        return RemoteFailed(f"{shown} cannot be reached.", "Check the address and the network.")
    return RemoteFailed(f"{shown} could not be read ({type(error).__name__}).", "Check the address.")
