"""What was done, where some lines say that it failed: who uploads is not meant by a line that says FAIL UPLOAD."""

from __future__ import annotations

import re

from rlm_ls.models.offline.grounding.text import Text
from rlm_ls.models.offline.grounding.words import IRREGULAR
from rlm_ls.models.offline.rules.columns import quantities_of
from rlm_ls.models.offline.rules.conditions import Where

FAILED = (
    r"(?i:(?<![a-z])(?<!no )(?<!0 )(?:fail(?:ed|ure|s)?|unsuccessful(?:ly)?|denied|refused|rejected|declined|"
    r"aborted|could not|cannot|unable)(?![\w\"']*\s?[=:(])(?![a-z])|\bnot [a-z]+ed\b)"
)
DONE = (
    r"(?i:(?<![a-z])(?:ok|done|success\w*|succeeded|accepted?|granted|allow(?:ed)?|permit(?:ted)?|passed|completed?)"
    r"(?![a-z]))"
)
SAID = rf"{FAILED}|{DONE}|(?i:\b(?:attempt|tr(?:y|ies)|request|fail|error|reject|unable|block|success)\w*)"
"""Where a question says itself what became of it, or that it does not matter."""
VERB = rf"(?i:\b(?:did|does|do|has|have|had|\w{{3,}}ed|{'|'.join(IRREGULAR)})\b)"


def only_done(where: Where, text: Text, question: str, measure: str) -> None:
    """Of lines found by their words leave out those that say that it failed, if the others say that it did not; where
    the question has no verb, or not all lines tell, it is not known which are meant."""
    if not where.soft or re.search(SAID, question):
        return
    lines = [line for line in text.lines if all(re.search(one, line) for one in where.patterns)]
    lines = [line for line in lines if not any(re.search(one, line) for one in where.unwanted)]
    if measure and (columns := quantities_of(text.shape, measure)):
        lines = [line for line in lines if any(re.search(column.capture, line) for column in columns)]
    done = [line for line in lines if not re.search(FAILED, line)]
    if len(done) == len(lines):
        return
    if done and re.search(VERB, question) and all(re.search(DONE, line) for line in done):
        where.unwanted.append(FAILED)
        where.said.append("without failure")
    else:
        where.unclear.append(where.said[-1])
