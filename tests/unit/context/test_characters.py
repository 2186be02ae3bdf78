"""Characters by number, whatever they weigh in bytes."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlm_ls.context.scope import Buffer, Scope
from rlm_ls.context.search.search import Search
from rlm_ls.context.snapshot.snapshot import Context
from rlm_ls.context.workers.pool import SearchPool


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("aé€𝄞\n\u0301"), min_size=1, max_size=40), st.integers(0, 45), st.integers(0, 45))
async def test_a_slice_is_pythons_slice(pool: SearchPool, text: str, first: int, last: int) -> None:
    text *= 3
    scope = Scope(kind="document", files=("memory:a.txt",), buffers=(Buffer("memory:a.txt", text),))
    async with await Context.take(scope, pool) as context:
        first, last, _ = slice(first, last).indices(len(text))
        assert await Search(context, pool).characters(0, first, max(first, last)) == text[first:last]


async def test_a_slice_across_blocks(pool: SearchPool) -> None:
    text = "é" * 200_000 + "end"
    scope = Scope(kind="document", files=("memory:a.txt",), buffers=(Buffer("memory:a.txt", text),))
    async with await Context.take(scope, pool) as context:
        search = Search(context, pool)
        assert await search.characters(0, 65_530, 65_545) == text[65_530:65_545]
        assert await search.characters(0, 199_999, 200_003) == "éend"
