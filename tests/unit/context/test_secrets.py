"""Keys, passwords and tokens never enter a Context: by name, by place, by what a link leads to, by what is inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.secrets import held_secret, is_secret
from rlm_ls.context.snapshot import Context
from rlm_ls.errors import DocumentDenied

Taking = Callable[..., Awaitable[Context]]

SECRET = [
    ".env",
    ".ENV",
    "prod.env",
    ".env.production",
    ".env-prod",
    ".envrc",
    ".env~",
    ".env.bak",
    "..env.swp",
    "#.env#",
    ".env.bak.1",
    "production.env.local",
    "prod.tfvars",
    "x.auto.tfvars",
    "prod.tfvars.json",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "terraform.tfstate.1700000000.backup",
    "kubeconfig",
    "prod.kubeconfig",
    ".kube/config",
    ".docker/config.json",
    ".dockercfg",
    "service-account.json",
    "service_account_prod.json",
    "application_default_credentials.json",
    ".vault-token",
    "id_rsa",
    "ID_RSA",
    "id_rsa.old",
    "id_ed25519.bak",
    ".id_rsa.swp",
    "server.key.old",
    "server.pem.bak",
    "tls.key~",
    ".ssh/config",
    ".ssh/github",
    ".ssh/known_hosts",
    ".gnupg/private-keys-v1.d",
    ".my.cnf",
    ".mylogin.cnf",
    "AuthKey.p8",
    "rclone.conf",
    "rclone/other.conf",
    "etc/shadow",
    "etc/shadow-",
    "etc/gshadow",
    "ssh_host_ed25519_key",
    ".aws/config",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".git-credentials",
    ".config/gh/hosts.yml",
    "a.ovpn",
    "vault.kdbx",
    "credentials",
    "credentials.json",
    "secrets.yaml",
]

READ = [
    "environment.ts",
    "env.ts",
    ".env.example",
    ".env.sample",
    ".env.template",
    "prod.tfvars.example",
    "tokenizer.json",
    "id_rsa.pub",
    ".ssh/id_rsa.pub",
    "secret_santa.py",
    "keys.md",
    "key.py",
    "monkey.txt",
    "shadow.css",
    "shadow.c",
    "config.json",
    "docker/config.json",
    "kube/config",
    "kubeconfig.go",
    "README.md",
    "config",
    "terraform.tf",
    "main.rs",
    "keyboard.ts",
    "token.py",
    "passwords.md",
    "app.log",
    "app.log.1",
    "vite-env.d.ts",
    "hosts.yml",
    "serviceaccount.go",
    "envoy.yaml",
    ".envoy",
    "data.csv.old",
    "notes.txt~",
    "my.cnf",
]

PEM = "-----BEGIN {}PRIVATE KEY-----\nMIIEowIBAAKCAQEAx4UbaDzY5xjW6hc9jwN0mX33XpTDVW0WqHp5AKaRbtAC3DqX\n-----END\n"
GITHUB = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3hJ6"
AWS = "AKIA" + "Q3EGRZ7UVNKT5WXA"
SLACK = "xoxb-" + "2345678901-4567890123-AbCdEfGhIjKlMnOpQrStUvWx"
HELD = {
    "rsa": PEM.format("RSA "),
    "openssh": PEM.format("OPENSSH "),
    "pkcs8": "some words\n" + PEM.format(""),
    "encrypted": PEM.format("ENCRYPTED "),
    "crlf": PEM.format("EC ").replace("\n", "\r\n"),
    "pgp": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQdGBGNhYWIBEADAnotreal\n-----END",
    "putty": "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
    "service account": '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\nMIIEvAIBAD"}',
    "old style": "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
    "github": f"token = {GITHUB}\n",
    "github fine-grained": "token: github_pat_" + "11ABCDEFG0aBcDeFgHiJkL_" + "mN0pQrStUvWxYz" * 3,
    "aws": f"[default]\naws_access_key_id = {AWS}\n",
    "slack": f"SLACK={SLACK}\n",
    "kube": "apiVersion: v1\nusers:\n- user:\n    client-key-data: " + "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk" * 2,
    "docker": '{"auths": {"registry.example.org": {"auth": "dXNlcjpwYXNzd29yZA=="}}}',
    "vault": "hvs." + "CAESIJ3kLmN0pQrStUvWxYz12345",
}


@pytest.mark.parametrize("name", SECRET)
def test_a_name_or_place_of_secrets_is_known(name: str) -> None:
    assert is_secret(f"/home/somebody/{name}")


@pytest.mark.parametrize("name", READ)
def test_what_only_sounds_like_a_secret_is_read(name: str) -> None:
    assert not is_secret(f"/home/somebody/{name}")


@pytest.mark.parametrize("kind", HELD)
async def test_what_a_file_holds_makes_it_a_secret_whatever_its_name(taking: Taking, tmp_path: Path, kind: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "notes.txt").write_bytes(HELD[kind].encode())
    (root / "wide.txt").write_bytes(b"\xff\xfe" + HELD[kind].encode("utf-16-le"))
    (root / "plain.txt").write_text("nothing here\n")
    context = await taking(Scope("workspace", roots=(str(root),)))
    assert [one.path for one in context.documents] == ["plain.txt"]
    assert all("looks like a secret (it holds a" in one.reason for one in context.skipped)
    assert len(context.skipped) == 2
    with pytest.raises(DocumentDenied, match="it holds") as error:
        await taking(Scope("document", files=(str(root / "notes.txt"),)))
    assert "without the secret" in error.value.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("link", ["symbolic", "hard", "folder"])
async def test_a_link_of_an_innocent_name_hides_nothing(taking: Taking, tmp_path: Path, link: str) -> None:
    keys = tmp_path / ".ssh"
    keys.mkdir()
    (keys / "work").write_text(PEM.format("OPENSSH ") if link == "hard" else "Host *\n")
    (tmp_path / "project").mkdir()
    place = tmp_path / "project" / "todo.txt"
    if link == "symbolic":
        place.symlink_to(keys / "work")
    elif link == "hard":
        os.link(keys / "work", place)
    else:
        place = tmp_path / "todo"
        place.symlink_to(keys)
        with pytest.raises(Exception, match="looks like a secret"):
            await taking(Scope("files", roots=(str(place),)))
        place /= "work"
    with pytest.raises(DocumentDenied):
        await taking(Scope("document", files=(str(place),)))


async def test_an_open_text_is_no_way_in(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "readable.txt").write_text("harmless on disk\n")
    texts = (
        Buffer((tmp_path / "readable.txt").as_uri(), PEM.format("RSA "), 1, "plaintext"),
        Buffer("untitled:Untitled-1", PEM.format("EC "), 1, "plaintext"),
        Buffer("vscode-remote://host/home/me/.env", "KEY=1\n", 1, "plaintext"),
        Buffer((tmp_path / "prod.env").as_uri(), "KEY=1\n", 1, "plaintext"),
        Buffer("untitled:Untitled-2", "words\n", 1, "plaintext"),
    )
    context = await taking(Scope("open", files=tuple(text.uri for text in texts), buffers=texts))
    assert [one.uri for one in context.documents] == ["untitled:Untitled-2"]
    assert {one.code for one in context.skipped} == {DocumentDenied.code}
    context = await taking(Scope("workspace", roots=(str(tmp_path),), files=("untitled:Untitled-2",), buffers=texts))
    assert [one.uri for one in context.documents] == ["untitled:Untitled-2"]


@pytest.mark.parametrize("size", [0, 2 << 20], ids=["small", "large"])
async def test_a_log_that_holds_a_token_is_read(taking: Taking, tmp_path: Path, size: int) -> None:
    (tmp_path / "app.log").write_text(f"GET / {GITHUB} {AWS} {SLACK}\n" + "x" * 63 * (size // 63) + "\n")
    (tmp_path / "dump.txt").write_text("word\n" * 20_000 + f"{GITHUB}\n")
    context = await taking(Scope("workspace", roots=(str(tmp_path),)))
    assert len(context.documents) == 2


async def test_a_large_file_that_begins_with_a_key_is_refused(taking: Taking, tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_text(PEM.format("RSA ") + "more\n" * 500_000)
    with pytest.raises(DocumentDenied):
        await taking(Scope("document", files=(str(tmp_path / "large.txt"),)))


@pytest.mark.parametrize(
    "text",
    [
        'if line.startswith("-----BEGIN RSA PRIVATE KEY-----"):\n    return True\n',
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n",
        "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n",
        'GITHUB = re.compile(r"ghp_[A-Za-z0-9_]{36}")\n',
        "token: ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "MSG.format(x)  # SG. is no key\n",
    ],
)
def test_what_only_speaks_of_keys_holds_none(text: str) -> None:
    assert held_secret(text.encode(), whole=True, log=False) == ""


def test_a_text_made_of_beginnings_costs_little() -> None:
    """The rules are not linear, and are tried at 64 places only, on a few hundred bytes each."""
    for beginning in ("sk-T3BlbkFJ", "-----BEGIN A PRIVATE KEY", "SG.", "hvs."):
        assert held_secret((beginning * 65536).encode()[: 1 << 16], whole=True, log=False) == ""
