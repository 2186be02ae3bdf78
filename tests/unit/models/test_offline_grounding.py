"""Questions are read by what the text holds: columns, values and words of lines, in whatever order people put them."""

from __future__ import annotations

import pytest
from tests.unit.models.conftest import Replying

SALES = "order_no,day,city,product,quantity,total_eur,status\n" + "".join(
    f"A-{n},2026-0{1 + n % 3}-0{1 + n % 9},{('Porto', 'Turin')[n % 2]},{('desk lamp', 'footrest', 'desk')[n % 3]},"
    f"{1 + n % 5},{10 + n}.50,{('shipped', 'cancelled', 'pending', 'shipped')[n % 4]}\n"
    for n in range(60)
)
PAGES = "".join(
    f'10.0.0.{n % 7} - - [03/Feb/2026:0{n // 20}:{n % 20 + 10}:00 +0000] "GET /p/{n % 3} HTTP/1.1" '
    f'{(200, 200, 503)[n % 3]} {100 + n} "-" "{("Mozilla/5.0", "Googlebot/2.1")[n % 4 == 0]}"\n'
    for n in range(60)
)
POOL = "".join(
    f"2026-03-14 0{n // 10}:{n % 10 + 10}:00 WARN Replica 10.0.5.{n % 3}:6379 asks for a sync, {40 + n} keys behind\n"
    f"2026-03-14 0{n // 10}:{n % 10 + 10}:30 INFO Agent {('lena', 'omar', 'omar')[n % 3]} missed the target\n"
    for n in range(30)
)
SQL = "".join(
    f"2026-03-14 0{n // 10}:{n % 10 + 10}:00 [DBG] Executed command in {n}ms\nSELECT name\nFROM tickets\n"
    for n in range(30)
)
PREAMBLE = "Activity of the server\n\nMeaning of the numbers\n10\tlease\n11\trenewal\n\n" + "\n".join(
    ["Id,Date,Action,Host", *(f"{n},05/18/26,{('Renew', 'Assign')[n % 3 == 0]},pc-{n % 4}" for n in range(30))]
)
STORY = """The Keeper

On the first of May Anders Lund rowed out to the light with two goats and a sack of flour.
The lighthouse had eighty-one steps and no door that closed.
"It will do," said Anders to the goat, whose name was Petra.
In the evening his sister Maren sent word from the harbour of Skagen that the boat was sold.
The lamp was older than the island's church, and nobody in the village knew how to mend it.
"""
GO = """package relay

import (
\t"errors"
\t"log/slog"
)

type Options struct {
\tTarget string
\tTries  int
}

// TODO: close the queue
func Enqueue(e Event) error {
\tif full() {
\t\treturn ErrQueueFull
\t}
\treturn nil
}
"""

KNOWN = [
    (SALES, "orders.csv", "total value of the shipped orders to Porto", "sum = 577.5 "),
    (SALES, "orders.csv", "which product sold the most units?", "- desk lamp: "),
    (SALES, "orders.csv", "How many orders came in each month?", "- 2026-01: 20"),
    (SALES, "orders.csv", "share of cancelled orders in percent?", "25%"),
    (SALES, "orders.csv", "how many orders are neither shipped nor pending", "15 rows"),
    (SALES, "orders.csv", "what was the biggest order total?", "max = 69.5"),
    (PAGES, "x.log", "did we ever answer anyone with a 429?", "No: "),
    (PAGES, "x.log", "how many requests ended in a 503?", "20 requests"),
    (PAGES, "x.log", "hits from googlebot?", "15 requests"),
    (POOL, "x.log", "how many lines hold '00:13:30'?", "1 line holds 00:13:30."),
    (POOL, "x.log", "which replica asks for a sync most often?", "1. 10.0.5.0: 10"),
    (POOL, "x.log", "how often did each replica ask for syncs", "- 10.0.5.1: 10"),
    (POOL, "x.log", "Which agent misses the target the most?", "1. omar: 20"),
    (SQL, "x.log", "longest command?", "max = 29 ms"),
    (PREAMBLE, "x.log", "how many renewals", "20 rows"),
    (STORY, "x.txt", "How many steps does the lighthouse have?", "eighty-one steps"),
    (STORY, "x.txt", "what is the goat called?", "Petra"),
    (STORY, "x.txt", "where did Maren send word from?", "harbour of Skagen"),
    (GO, "x.go", "what does Enqueue return when it is full?", "ErrQueueFull"),
    (GO, "x.go", "which fields does the Options struct have?", "Tries  int"),
    (GO, "x.go", "does it use the errors package?", "Yes: 1 line."),
    (GO, "x.go", "does this package import fmt?", "No: "),
    (GO, "x.go", "any TODOs?", "close the queue"),
    (GO, "x.go", "on which line is Enqueue defined?", "line 14 of x.go"),
]
UNKNOWN = [
    (SALES, "orders.csv", "what was our profit on the desk lamps?"),
    (SALES, "orders.csv", "how many orders did not arrive?"),
    (SALES, "orders.csv", "list the products with their frequency"),
    (PAGES, "x.log", "which visitor bought the most?"),
    (POOL, "x.log", "how many replicas are healthy now?"),
    (POOL, "x.log", "why do the agents miss the target?"),
    (POOL, "x.log", "what share of the requests missed the target, in percent?"),
    (STORY, "x.txt", "How old was Maren?"),
    (STORY, "x.txt", "how many windows has a lighthouse with two goats?"),
    (STORY, "x.txt", "should Anders have stayed ashore?"),
    (STORY, "x.txt", "How many lamps are there in Lisbon?"),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("text", "name", "question", "part"), KNOWN)
async def test_words_are_found_in_the_text_whatever_their_order(
    reply: Replying, text: str, name: str, question: str, part: str
) -> None:
    answer = await reply(text, question, name)
    assert part in answer
    assert not answer.startswith(("I did not understand", "Found nothing"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("text", "name", "question"), UNKNOWN)
async def test_a_word_that_the_text_does_not_explain_leaves_the_question_open(
    reply: Replying, text: str, name: str, question: str
) -> None:
    answer = await reply(text, question, name)
    assert answer.startswith(("I did not understand", "Found nothing"))
