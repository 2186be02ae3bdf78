"""Small polite web fetcher: reads a list of URLs, fetches them, keeps a cache on disk.

Not a general crawler. The defaults below were agreed with the operations team;
do not raise MAX_CONNECTIONS without asking them.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

log = logging.getLogger("fetcher")

MAX_CONNECTIONS = 4
DEFAULT_TIMEOUT = 12.5      # seconds
RETRY_STATUS = {429, 502, 503, 504}
USER_AGENT = "acme-fetcher/2.3"


class FetchError(Exception):
    """Anything that went wrong while talking to a server."""


class ConfigError(FetchError):
    """The list or the settings file is unusable."""


class TooManyRedirects(FetchError):
    pass


@dataclass
class Response:
    url: str
    status: int
    headers: dict = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self):
        return json.loads(self.body.decode("utf-8"))


class DiskCache:
    """Bodies by the hash of their URL; entries expire."""

    def __init__(self, root, max_age=3600, suffix=".body"):
        self.root = Path(root)
        self.max_age = max_age
        self.suffix = suffix
        self.root.mkdir(parents=True, exist_ok=True)

    def path_for(self, url):
        digest = hashlib.sha256(url.encode()).hexdigest()
        return self.root / (digest[:32] + self.suffix)

    def get(self, url):
        path = self.path_for(url)
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return None
        if age > self.max_age:
            return None
        return path.read_bytes()

    def put(self, url, body):
        tmp = self.path_for(url).with_suffix(".tmp")
        tmp.write_bytes(body)
        os.replace(tmp, self.path_for(url))

    def prune(self):
        removed = 0
        for path in self.root.glob("*" + self.suffix):
            if time.time() - path.stat().st_mtime > self.max_age:
                path.unlink()
                removed += 1
        return removed


def load_urls(path):
    """Read one URL a line; '#' starts a comment."""
    urls = []
    with open(path, encoding="utf-8") as handle:
        for number, line in enumerate(handle, 1):
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            if not line.startswith(("http://", "https://")):
                raise ConfigError(f"{path}:{number}: not a URL: {line!r}")
            urls.append(line)
    return urls


def load_settings(path):
    try:
        data = json.loads(Path(path).read_text())
    except ValueError as err:
        raise ConfigError(f"bad settings file: {err}") from err
    unknown = set(data) - {"timeout", "retries", "cache"}
    if unknown:
        raise ConfigError(f"unknown settings: {sorted(unknown)}")
    return data


def open_connection(host, port, tls=True, timeout=DEFAULT_TIMEOUT):
    """Open the socket, wrapped in TLS unless told otherwise."""
    raw = socket.create_connection((host, port), timeout=timeout)
    if not tls:
        return raw
    context = ssl.create_default_context()
    return context.wrap_socket(raw, server_hostname=host)


def backoff(attempt, base=0.5, cap=30):
    """Seconds to wait before the next attempt."""
    return min(cap, base * 2 ** attempt)


def read_response(sock, url, limit=5_000_000):
    """Read headers and body from an open socket."""
    data = b""
    while True:
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
        if len(data) > limit:
            raise FetchError(f"response of {url} exceeds {limit} bytes")
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split()[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Response(url, status, headers, body)


def fetch_once(url, timeout=DEFAULT_TIMEOUT):
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    sock = open_connection(parts.hostname, port, tls, timeout)
    try:
        path = parts.path or "/"
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {parts.hostname}\r\n"
            f"User-Agent: {USER_AGENT}\r\nConnection: close\r\n\r\n"
        )
        sock.sendall(request.encode())
        return read_response(sock, url)
    finally:
        sock.close()


def follow_redirects(url, max_hops=6, timeout=DEFAULT_TIMEOUT):
    for _ in range(max_hops):
        response = fetch_once(url, timeout)
        if response.status not in (301, 302, 307, 308):
            return response
        url = response.headers.get("location", url)
    raise TooManyRedirects(url)


def fetch_page(url, cache=None, retries=3, timeout=DEFAULT_TIMEOUT, sleep=time.sleep):
    """Fetch one page, from the cache if possible, with retries."""
    if cache is not None:
        body = cache.get(url)
        if body is not None:
            log.debug("cache hit %s", url)
            return Response(url, 200, {}, body)
    for attempt in range(retries + 1):
        try:
            response = follow_redirects(url, timeout=timeout)
        except OSError as err:
            log.warning("attempt %d of %s failed: %s", attempt, url, err)
        else:
            if response.status not in RETRY_STATUS:
                if cache is not None and response.ok:
                    cache.put(url, response.body)
                return response
        # TODO: honour Retry-After
        sleep(backoff(attempt))
    raise FetchError(f"gave up on {url} after {retries} retries")


def summarize(results):
    """Count the results by status class."""
    counts = {}
    for response in results:
        key = f"{response.status // 100}xx"
        counts[key] = counts.get(key, 0) + 1
    return counts


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", help="file with one URL a line")
    parser.add_argument("--cache", default=".fetch-cache")
    parser.add_argument("--retries", type=int, default=5)
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.DEBUG if args.verbose else logging.INFO)
    cache = DiskCache(args.cache)
    # TODO: fetch in parallel, up to MAX_CONNECTIONS
    results = [fetch_page(url, cache, args.retries) for url in load_urls(args.list)]
    for name, count in sorted(summarize(results).items()):
        print(name, count)
    log.info("pruned %d cache entries", cache.prune())


if __name__ == "__main__":
    main()
