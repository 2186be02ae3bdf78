"""An answer as Markdown to be passed on: its citations are permalinks, or places without a link; nothing in it leads
into the machine that it was made on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rlm_ls.engine.answer import Answer, Citation
from rlm_ls.engine.sharing.permalinks import permalinks
from rlm_ls.engine.trace import inert
from rlm_ls.engine.trace.charts.blocks import chart_markdown
from rlm_ls.engine.trace.links import label_text
from rlm_ls.engine.trace.render import MODEL_KINDS, coverage_line

QUOTED = 300
"""Characters of a quotation."""


async def cited_markdown(answer: Answer, question: str) -> str:
    links = await permalinks(answer.citations)
    return await asyncio.to_thread(_markdown, answer, question, links)


def _markdown(answer: Answer, question: str, links: Sequence[str]) -> str:
    parts = [f"# {inert.line(question)}"] if question else []
    if answer.status != "answered":
        parts.append(f"> **{answer.status}**: {inert.line(answer.reason)}")
    parts.append(inert.part(answer.answer.strip()))
    places = [_place(*one) for one in zip(answer.citations, links, strict=True)]
    parts += [chart_markdown(chart, places) for chart in answer.charts]
    listed = [one for one in zip(answer.citations, places, strict=True) if not one[0].charted]
    if listed:
        parts.append("\n".join(_citation(*one) for one in listed))
    model = f"Answered by {inert.line(answer.model)}{MODEL_KINDS[answer.model_kind]}. " if answer.model else ""
    parts.append(f"*{model}{coverage_line(answer)}.*")
    return "\n\n".join(parts) + "\n"


def _place(citation: Citation, link: str) -> str:
    return f"[{label_text(citation.label)}]({link})" if link else inert.code(citation.label)


def _citation(citation: Citation, place: str) -> str:
    quoted = " ".join(citation.quote.split())
    return f"- {place}: {inert.code(quoted[:QUOTED] + ('…' if len(quoted) > QUOTED else ''))}"
