"""Words as people write them: their stems, their forms, and what else the trade calls the same thing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

from rlm_ls.models.offline.parsing.patterns import word_pattern

IRREGULAR = {
    form: words.split()[0]
    for words in """
send sent|lose lost|run ran|begin began begun|break broke broken|write wrote written|find found|pay paid|buy bought
sell sold
say said|tell told|hold held|keep kept|leave left|lend lent|build built|fall fell fallen|give gave given|take took taken
go went gone|see saw seen|make made|meet met|die died|throw threw thrown|choose chose chosen|speak spoke spoken
grow grew grown|know knew known|win won|teach taught|bring brought|catch caught|light lit|shrink shrank shrunk
bind bound
get got gotten|steal stole stolen|drive drove driven|ride rode ridden|rise rose risen|shake shook shaken|wake woke woken
freeze froze frozen|forget forgot forgotten|hide hid hidden|eat ate eaten|drink drank drunk|sing sang sung
sink sank sunk
swim swam swum|ring rang rung|spring sprang sprung|sit sat|stand stood|understand understood|think thought|fight fought
seek sought|feel felt|deal dealt|mean meant|sleep slept|sweep swept|creep crept|weep wept|lead led|feed fed|read read
bleed bled|breed bred|speed sped|slide slid|bite bitten bit|strike struck stricken|stick stuck|dig dug|hang hung
swing swung
spin spun|sting stung|wind wound|grind ground|wear wore worn|tear tore torn|bear bore born borne|swear swore sworn
draw drew drawn|blow blew blown|fly flew flown|show shown|sew sewn|do did done|come came|become became|lay laid
lie lay lain
spend spent|bend bent|hear heard|have had|wed wed|weave wove woven|shoot shot|shine shone|burn burnt|learn learnt
dwell dwelt
child children|man men|woman women|person people|index indices|wife wives|knife knives|life lives|half halves
leaf leaves
loaf loaves|shelf shelves|foot feet|tooth teeth|goose geese|mouse mice|matrix matrices|vertex vertices|datum data
""".strip()
    .replace("\n", "|")
    .split("|")
    for form in words.split()[1:]
}
"""Forms that no ending tells, each with its word."""

ENDINGS = (
    "ications",
    "ication",
    "ations",
    "ation",
    "ating",
    "ated",
    "ates",
    "ions",
    "ion",
    "ures",
    "ure",
    "ings",
    "ing",
    "ies",
    "ied",
    "als",
    "al",
    "ment",
    "ed",
    "es",
    "ate",
    "s",
    "e",
    "y",
)

SAME: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(words.split()), pattern)
    for words, pattern in (
        (
            "login logins logon logons signin signins",
            r"\blog(?:ged)?[ _-]?(?:in|on)\b|sign(?:ed)?[ _-]?in|session opened|password|publickey",
        ),
        ("crash crashed crashes crashing", r"FATAL EXCEPTION|panic|segfault|core dumped|crash|terminated unexpectedly"),
        ("restart restarts restarted", r"restart|(?:re)?starting"),
        (
            "denied deny denies refused refuse refuses rejected reject rejects rejections blocked block",
            r"den(?:y|ied)|refus|reject|block|forbid",
        ),
        ("timeout timeouts", r"time[sd]?[\s_-]?out|deadline exceeded"),
        ("oom", r"oom|out of memory"),
        ("mounting mounted mount", r"mount"),
        ("auth authentication", r"auth"),
        ("db database databases", r"\bdb\b|database|sql"),
        ("config configuration settings", r"config|settings"),
        ("failed failing failure failures fail fails", r"fail|error|unable|could not|unsuccessful"),
        ("succeeded successful success", r"succe|accepted|complete|\bok\b"),
        ("connection connections connect connected", r"connect"),
        ("disconnect disconnects disconnected", r"disconnect|connection (?:closed|lost|reset)|\blost\b"),
        ("full exhausted", r"full|exhaust|no space"),
        ("down", r"\bdown\b"),
        ("up", r"\bup\b"),
    )
)
"""What else logs call what a question's word says, tried where the text does not know the word itself."""


def stem(word: str) -> str:
    """What the forms of a word have in common."""
    lower = re.sub(r"['’]s$", "", word.lower())
    if lower in IRREGULAR:
        return IRREGULAR[lower]
    if not re.fullmatch("[a-z]+", lower) or len(lower) < 4:
        return lower
    if re.search("(?:c|n|f|s|p|l|br|d|h|w)eed$", lower):
        return lower  # exceed: no past
    for ending in ENDINGS:
        if lower.endswith(ending) and len(lower) - len(ending) >= 3 and not lower.endswith("ss"):
            kept = lower[: -len(ending)]
            if ending in {"ing", "ings", "ed"} and re.search(r"([bdgkmnprtv])\1$", kept):
                kept = kept[:-1]
            return kept.removesuffix("e") if len(kept) > 3 else kept
    return lower


def spelled(stemmed: str) -> tuple[str, ...]:
    """How the forms of a stem are written: `find` and `found`; alone where they all begin with it."""
    return (stemmed, *(form for form, now in IRREGULAR.items() if now == stemmed and form != stemmed))


def forms(word: str) -> str:
    """The pattern of a word in any of its forms: `denied` finds `deny`, `sent` finds `send`."""
    lower = word.lower()
    other = IRREGULAR.get(lower, "")
    same = [
        one
        for one in (lower, other, *(past for past, now in IRREGULAR.items() if now in {lower, other or lower}))
        if one
    ]
    stemmed = stem(lower)
    if not re.fullmatch("[a-z]+", lower) or (
        len(same) == 1 and (len(stemmed) < 3 or (len(lower) > 6 and not lower.endswith(("ied", "ies"))))
    ):
        return word_pattern(word)
    bodies = [re.escape(one) + "s?" for one in dict.fromkeys(same)]
    if len(stemmed) >= 3 and len(same) == 1:
        bodies = [f"{stemmed}{stemmed[-1]}?(?:s|e[sd]?|ing|ions?|ures?|y|ie[sd]|als?|ers?|ment)?"]
    name = (stemmed if len(stemmed) >= 3 else lower).capitalize()
    return rf"(?:^|[^A-Za-z])(?i:{'|'.join(bodies)})(?:[^A-Za-z]|$)|[a-z]{name}|\b{name}[A-Z]"


def alike(one: str, other: str) -> bool:
    return one.lower() == other.lower() or stem(one) == stem(other)


def others(word: str) -> str:
    """A pattern of what else `word` is called, "" for nothing."""
    return next((pattern for words, pattern in SAME if word.lower() in words), "")


class Vocabulary:
    """The words of a sample, by stem."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = [line[:1200] for line in lines]
        self.words: Counter[str] = Counter()
        for line in self.lines:
            self.words.update({word.lower() for word in re.findall(r"[A-Za-z]{3,}", line)})
            self.words.update({w.lower() for w in re.findall(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}", line)})
        self.stems = {stem(word) for word in self.words}

    def knows(self, word: str) -> bool:
        if stem(word) in self.stems:
            return True
        lower = word.lower()
        return len(lower) > 4 and any(lower in line.lower() for line in self.lines)

    def spelled(self, word: str) -> str:
        """The word of the text that `word` is nearly, "" for none."""
        if len(word) < 5 or not word.isalpha():
            return ""
        near = get_close_matches(word.lower(), [w for w in self.words if w[0] == word[0].lower()], 1, 0.84)
        return near[0] if near else ""
