"""Machines behind SSH, as the user's own `~/.ssh` knows them: names, keys, and ways to them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rlm_ls.errors import RemoteFailed

SECONDS = 20
"""For each step of connecting."""

MOST_JUMPS = 4


def file_system(name: str) -> tuple[Any, str]:
    """What reads `sftp://[USER@]HOST[:PORT]/PATH`, and PATH. Raises RemoteFailed, and what paramiko raises.

    Neither fsspec nor paramiko reads the user's configuration, and fsspec takes any key for the right one.
    """
    from fsspec.implementations.sftp import SFTPFileSystem  # type: ignore[import-untyped]

    class KnownMachine(SFTPFileSystem):  # type: ignore[misc]
        def _connect(self) -> None:
            self.machines = _Machines()
            self.client = self.machines.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(60)

    options = SFTPFileSystem._get_kwargs_from_urls(name)
    return KnownMachine(skip_instance_cache=True, **options), SFTPFileSystem._strip_protocol(name)


class _Machines:
    """The user's machines, and connections to those on the way: a client that nobody holds closes its own."""

    def __init__(self) -> None:
        import paramiko

        self._on_the_way: list[Any] = []
        config = Path("~/.ssh/config").expanduser()
        try:
            text = config.read_text("utf-8", "replace") if config.is_file() else ""
            self._config = paramiko.SSHConfig.from_text(_without_programs(text))
        except Exception:
            raise RemoteFailed(f"{config} could not be read.", "Does `ssh` itself take it?") from None

    def connect(
        self,
        host: str,
        port: int | None = None,
        username: str | None = None,
        password: str | None = None,
        jumps: int = 0,
    ) -> Any:
        """A client of the machine that `host` names; what the address says comes before what the configuration says.

        Raises RemoteFailed where it is not known, or is another than the known one.
        """
        import paramiko

        class OnlyKnown(paramiko.MissingHostKeyPolicy):
            def missing_host_key(self, client: Any, hostname: str, key: Any) -> None:
                raise RemoteFailed(
                    f"{hostname} is not among the machines you know.",
                    f"Connect once with `ssh {host}` and compare its key: it then stands in ~/.ssh/known_hosts.",
                )

        known = self._config.lookup(host)
        place, port = known["hostname"], port or int(known.get("port", 22))
        keys = [file for file in known.get("identityfile", []) if Path(file).is_file()]
        client = paramiko.SSHClient()
        client.load_system_host_keys()
        client.set_missing_host_key_policy(OnlyKnown())
        try:
            client.connect(
                place,
                port=port,
                username=username or known.get("user"),
                password=password,
                key_filename=keys or None,  # type: ignore[arg-type]  # its stubs know one alone
                timeout=SECONDS,
                banner_timeout=SECONDS,
                auth_timeout=SECONDS,
                channel_timeout=SECONDS,
                sock=self._way(host, known, (place, port), jumps),
            )
        except paramiko.BadHostKeyException:
            raise RemoteFailed(
                f"{host} has another key than the one that ~/.ssh/known_hosts has.",
                "Find out why before you trust it: another machine may be answering in its place.",
            ) from None
        return client

    def _way(self, host: str, known: Any, place: tuple[str, int], jumps: int) -> Any:
        """What to speak through: a channel of the last machine on the way, or None, for a connection of its own."""
        if known.get("proxycommand", "none") != "none":
            raise RemoteFailed(
                f"The way to {host} is a ProxyCommand, and no program is run for it.",
                "Name a ProxyJump in ~/.ssh/config, or copy the files.",
            )
        if (way := known.get("proxyjump", "none")) == "none":
            return None
        if jumps >= MOST_JUMPS or "," in way:
            raise RemoteFailed(
                f"The way to {host} has too many machines on it.", "One ProxyJump a machine is followed."
            )
        user, _, machine = way.rpartition("@")
        machine, _, port = machine.partition(":")
        gate = self.connect(machine, int(port) if port else None, user or None, None, jumps + 1)
        self._on_the_way.append(gate)
        return gate.get_transport().open_channel("direct-tcpip", place, ("", 0), timeout=SECONDS)


def _without_programs(config: str) -> str:
    """Without the blocks that hold only if a program says so (`Match exec`): paramiko would run it."""
    kept, left_out = [], False
    for line in config.splitlines():
        if begins := re.match(r"\s*(host|match)\b(.*)", line, re.IGNORECASE):
            left_out = begins[1].lower() == "match" and re.search(r"\bexec\b", begins[2], re.IGNORECASE) is not None
        if not left_out:
            kept.append(line)
    return "\n".join(kept)
