"""Addresses of lines in a commit, as the hosts of repositories have them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from rlm_ls.context.remote.addresses import is_remote
from rlm_ls.context.repository.remotes import Lines, Published, Remote
from rlm_ls.context.sources import uris
from rlm_ls.context.workers.pool import SearchPool
from rlm_ls.engine.answer import Citation
from rlm_ls.errors import RlmError

SECONDS = 5.0
DRAWN = (".md", ".markdown", ".rst", ".adoc", ".org", ".ipynb", ".svg", ".csv", ".tsv", ".geojson")
"""Shown as something else, which has no lines."""


class RepositoryPool(SearchPool):
    worker = "rlm_ls.context.repository.worker"


async def permalinks(citations: Sequence[Citation]) -> list[str]:
    """For each citation the address of its lines, "" where there is none: not published, changed since, no file."""
    asked: dict[str, list[Lines]] = {}
    for one in citations:
        if (path := _file(one)) is not None:
            asked.setdefault(path, []).append((one.line, one.end_line, one.quote))
    if not asked:
        return [""] * len(citations)
    async with RepositoryPool(1) as pool:
        try:
            found: list[Published | None] = await pool.call(
                "published.published", {"files": list(asked.items())}, SECONDS
            )
        except RlmError:
            found = [None] * len(asked)
    of_file = {path: (one, iter(one.stands)) for path, one in zip(asked, found, strict=True) if one is not None}
    links = []
    for citation in citations:
        published = of_file.get(_file(citation) or "")
        stands = published is not None and next(published[1])
        links.append(address(published[0], citation.line, citation.end_line) if published and stands else "")
    return links


def _file(citation: Citation) -> str | None:
    """Its file; None where lines of the text are not those of a file."""
    if citation.inside or citation.place or citation.state == "unmatched" or is_remote(citation.uri):
        return None
    return uris.file_path(citation.uri) if citation.uri.startswith("file:") else None


def address(file: Published, line: int, end_line: int) -> str:
    """Of lines, from 1, both included."""
    remote: Remote = file.remote
    base, path = f"https://{remote.host}/{quote(remote.path, safe='/~')}", quote(file.path, safe="/")
    drawn = file.path.lower().endswith(DRAWN)
    more = end_line > line
    match remote.kind:
        case "github":
            query = "?plain=1" if drawn else ""
            return f"{base}/blob/{file.commit}/{path}{query}#L{line}" + (f"-L{end_line}" if more else "")
        case "gitlab":
            query = "?plain=1" if drawn else ""
            return f"{base}/-/blob/{file.commit}/{path}{query}#L{line}" + (f"-{end_line}" if more else "")
        case "gitea":
            query = "?display=source" if drawn else ""
            return f"{base}/src/commit/{file.commit}/{path}{query}#L{line}" + (f"-L{end_line}" if more else "")
        case "bitbucket":
            return f"{base}/src/{file.commit}/{path}#lines-{line}" + (f":{end_line}" if more else "")
        case "sourcehut":
            view = "?view-source" if drawn else ""
            return f"{base}/tree/{file.commit}/item/{path}{view}#L{line}" + (f"-{end_line}" if more else "")
