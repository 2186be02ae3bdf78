"""The workspace's folders, as they are now. `workspace/didChangeWorkspaceFolders` counts for the next question."""

from __future__ import annotations

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from rlm_ls.lsp.workspace.buffers import key_of


class Folders:
    """The workspace's folders. pygls keeps them as well, but loses one that an event both adds and removes, and returns
    to `rootUri` when the last folder is removed."""

    def __init__(self) -> None:
        self._folders: dict[str, tuple[str, str]] = {}

    def initialized(self, params: types.InitializeParams) -> None:
        """The root of a client that knows no folders counts as one."""
        root = params.root_uri or (from_fs_path(params.root_path) if params.root_path else None)
        uris = [folder.uri for folder in params.workspace_folders or ()]
        for uri in uris or ([root] if root else []):
            self._add(uri)

    def changed(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        for folder in event.removed:
            self._folders.pop(_folder_key(folder.uri), None)
        for folder in event.added:
            self._add(folder.uri)

    def paths(self) -> tuple[str, ...]:
        """In the order of the workspace. Folders of other schemes than `file` have none."""
        return tuple(path for _, path in self._folders.values() if path)

    def holds(self, uri: str) -> bool:
        """Whether a document lies below one of the folders."""
        return self._around(uri) is not None

    def name(self, uri: str) -> str:
        """A document's path relative to its folder; outside of all folders the last part of its URI."""
        folder = self._around(uri)
        plain = key_of(uri)
        return plain.rsplit("/", 1)[-1] if folder is None else plain[len(folder) + 1 :]

    def _add(self, uri: str) -> None:
        self._folders[_folder_key(uri)] = (uri, to_fs_path(uri) or "")

    def _around(self, uri: str) -> str | None:
        plain = key_of(uri)
        around = [folder for folder in self._folders if plain.startswith(folder + "/")]
        return max(around, key=len, default=None)


def _folder_key(uri: str) -> str:
    return key_of(uri).rstrip("/")
