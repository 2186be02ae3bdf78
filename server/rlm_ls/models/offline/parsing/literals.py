"""Steps for what stands in the question as it stands in the text, for levels, and for comparisons with a number."""

from __future__ import annotations

import re
from collections.abc import Callable

from rlm_ls.models.offline.parsing.sentence import GAP, NOT, QUANTITY, Comparison, Condition, Sentence
from rlm_ls.models.offline.parsing.vocabulary import ENTRIES, EVENTS, REQUESTS
from rlm_ls.models.offline.shapes.column import SIZE_UNITS, TIME_UNITS

COMPARED = (
    (r"(?:more|longer|greater|larger|higher|slower|bigger) than|over|above|exceed(?:ed|ing|s)?|beyond", ">"),
    (r"at least|no less than", ">="),
    (r"(?:less|shorter|smaller|fewer|lower|faster|quicker) than|under|below", "<"),
    (r"at most|no more than|up to", "<="),
)


NUMBERED = (
    "account attempt block box build bus card channel customer device flight floor gate id item job lane line node "
    "order part pid plot port process room rule seat sensor session slot step ticket thread track train unit user vlan "
    "worker zone"
)
NO_STATUS = "".join(rf"(?<!\b{noun} )" for noun in NUMBERED.split())
"""Behind these a number says which one: port 443."""


SIGNED = (
    (r"\bpositive (?:amounts?|values?)\b", ">"),
    (r"\bnegative (?:amounts?|values?)\b", "<"),
    (r"\b(?:incoming (?:payments?|transfers?)|deposits?)\b", ">"),
    (r"\b(?:outgoing (?:payments?|transfers?)|withdrawals?)\b", "<"),
)
"""What an account's rows are called by the sign of their amounts."""


def signed(s: Sentence) -> None:
    found = [sign for words, sign in SIGNED if s.take(words)]
    if found and len(set(found)) == 1:
        s.found["comparison"] = Comparison("amount", found[0], "0", "")  # type: ignore[arg-type]


def comparison(s: Sentence) -> None:
    for words, sign in COMPARED:
        match = s.take(
            rf"(?:\b|(?=%))(?:(?:with|having|had|have|has|whose|where|of)(?: an?| the)? )?(?:(?P<measure>{QUANTITY}|"
            rf"%?[a-z_]\w*(?: code)?)(?: of| is| was| were| that is)? )??"
            rf"(?:{words}) (?P<number>\d[\d,]*(?:\.\d+)?)[ -]?(?P<unit>{TIME_UNITS}|{SIZE_UNITS})?(?![\w:.])"
        )
        if match:
            measure = match["measure"] or ""
            if re.fullmatch(f"{ENTRIES}|{REQUESTS}|{EVENTS}|is|was|were|are|that|which|logged", measure, re.I):
                s.text = s.text.replace(GAP, f" {measure} {GAP}", 1)
                measure = ""
            s.take(r"(?<=\bhow many )(?:quer(?:y|ies)|jobs?|operations?|tasks?|statements?)\b")
            s.found["comparison"] = Comparison(measure, sign, match["number"].replace(",", ""), match["unit"] or "")  # type: ignore[arg-type]
            return


def addresses_and_paths(s: Sentence) -> None:
    """Before anything else is read: `/reports/daily.aspx` asks for no days."""
    while match := s.take(r"(?<![\w.=])\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?(?![\w.]*\w)"):
        s.conditions.append(Condition("address", match[0]))
    while match := s.take(r"\b(?:https?://\S+\w)|(?<![\w.=])/[\w.%~/*?=&+-]*[\w/*](?=[\s?.,;:!\x00]|$)"):
        s.conditions.append(Condition("path", match[0]))


def literals(s: Sentence, contains: bool) -> None:
    """What stands in the question as it stands in the text."""
    add: Callable[[Condition], None] = s.conditions.append
    while match := s.take(r"(?<![\w/-])([A-Za-z_][\w.-]*)(?:=|==)(\"[^\"]*\"|[\w./@:-]*\w)"):
        add(Condition("pair", match[2].strip('"'), match[1]))
    while (
        match := s.take(
            NOT
            + NO_STATUS
            + r"(?<![\w.])([45123])(?:xx|\d\d)s?(?![\w.])(?: (?:status(?: codes?)?|errors?|responses?|codes?))?"
        )
        if _status(s.text)
        else None
    ):
        value = re.search(r"\dxx|\d{3}", match[0], re.I)
        add(Condition("status", value[0].lower() if value else match[0], without=bool(match["not"])))
        s.take(r"\b(?:(?:http |response |return )?status(?: codes?)?(?: of)?|(?:response |return )?codes?(?: of)?)\b")
    while match := s.take(r"\b(?P<who>server|client)[- ]errors?\b"):
        add(Condition("status", "5xx" if match["who"].lower() == "server" else "4xx"))
    while re.search(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT)s?\b", s.text):
        match = s.take(NOT + r"\b(?P<method>(?-i:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT))s?\b")
        assert match is not None
        add(Condition("method", match["method"], without=bool(match["not"])))


def _status(text: str) -> bool:
    return bool(re.search(NO_STATUS + r"(?<![\w.])[1-5](?:xx|\d\d)s?(?![\w.])", text, re.I))
