"""An SSH server (asyncssh) that serves files alone: `ssh_server.py FOLDER PORT`.

In FOLDER it makes `served/` (what it serves), `home/.ssh` (of a user who knows it and whom it knows) and
`stranger/.ssh` (of one whom it does not know).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncssh


async def main(folder: Path, port: int) -> None:
    served = folder / "served"
    served.mkdir()
    host, user, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
    known = f"[127.0.0.1]:{port} {host.export_public_key().decode()}"
    for name, key in (("home", user), ("stranger", other)):
        keys = folder / name / ".ssh"
        keys.mkdir(parents=True, mode=0o700)
        key.write_private_key(keys / "id_logs")
        key.write_public_key(keys / "id_logs.pub")
        (keys / "known_hosts").write_text(known)
        where = f"  HostName 127.0.0.1\n  Port {port}\n  User reader\n  IdentityFile ~/.ssh/id_logs\n"
        config = f"Host logs-host\n{where}"
        config += f"Host behind\n{where}  ProxyJump someone@logs-host\n"
        config += f"Host circle\n{where}  ProxyJump circle\n"
        config += f"Host program\n{where}  ProxyCommand touch {folder}/ran\n"
        config += f'Match exec "touch {folder}/ran"\n  Port 1\n'
        config += f"Match originalhost program-too exec=touch\\ {folder}/ran\n{where}"
        (keys / "config").write_text(config)
    allowed = folder / "allowed"
    user.write_public_key(allowed)

    def files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=bytes(served))

    class Gate(asyncssh.SSHServer):
        """Lets connections to itself through, as a machine on the way does."""

        def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
            return (dest_host, dest_port) == ("127.0.0.1", port)

    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[host],
        authorized_client_keys=str(allowed),
        server_factory=Gate,
        sftp_factory=files,
    )
    await server.wait_closed()


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
