"""An index file: questions about texts, their right answers, and how an answer is scored."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, TypeAdapter, ValidationError, model_validator

from rlm_ls.errors import BadRequest, DocumentMissing

ScoringType = Literal[
    "exact",
    "contains",
    "contains_all",
    "regex",
    "number",
    "none",
    "mc",
    "bool",
    "set_f1",
    "map_acc",
    "ranked",
    "pairs_f1",
    "rouge",
    "oolong",
]

Plain = Annotated[str, Strict()] | Annotated[int, Strict()] | Annotated[float, Strict()]
ANSWERS: dict[str, TypeAdapter[Any]] = {
    "exact": TypeAdapter(Plain),
    "contains": TypeAdapter(Plain),
    "contains_all": TypeAdapter(Annotated[list[Plain], Field(min_length=1)]),
    "regex": TypeAdapter(re.Pattern[str]),
    "number": TypeAdapter(float),
    "none": TypeAdapter(str | None),
    "mc": TypeAdapter(Annotated[str, Field(pattern=r"^\(?[A-Za-z]\)?$")]),
    "bool": TypeAdapter(bool),
    "set_f1": TypeAdapter(list[Plain]),
    "map_acc": TypeAdapter(Annotated[dict[str, Plain], Field(min_length=1)]),
    "ranked": TypeAdapter(Annotated[list[tuple[str, float]], Field(min_length=1)]),
    "pairs_f1": TypeAdapter(list[tuple[Plain, Plain]]),
    "rouge": TypeAdapter(Annotated[str, Field(min_length=1)]),
    "oolong": TypeAdapter(Plain),
}
"""What `answer` must be for each type of scoring."""

NUMERIC = "numeric"
"""The `answer_type` for which OOLONG grades an error; of all others an answer is right or wrong."""

FORM = "\nEnd with "
"""What begins a question's instruction on the form of its answer, in the index files known so far."""


class Scoring(BaseModel):
    """`rel_tol`: how far a number may be off, relative to the right one. `answer_type` is OOLONG's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: ScoringType
    rel_tol: float = Field(default=0.0, ge=0)
    answer_type: str = ""


class Question(BaseModel):
    """`context` is a file below the folder of the texts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1, pattern=r"^[\w.-]+$")
    question: str = Field(min_length=1)
    context: str = Field(min_length=1)
    answer: Any
    scoring: Scoring

    @model_validator(mode="after")
    def _answer_fits(self) -> Question:
        """The answer is what its scoring compares with: "yes" becomes True, "491" a number."""
        answer = ANSWERS[self.scoring.type].validate_python(self.answer)
        if self.scoring.type != "regex":
            object.__setattr__(self, "answer", answer)
        if self.scoring.type == "oolong" and self.scoring.answer_type.lower() == NUMERIC:
            float(answer)
        return self

    @property
    def asked(self) -> str:
        """The question without the instruction on its answer's form: what a search is made for."""
        return self.question.split(FORM)[0]

    @property
    def digest(self) -> str:
        """Of what a model is asked: a result is one for this question as long as it has this digest."""
        return hashlib.sha256(f"{self.question}\0{self.context}".encode()).hexdigest()[:12]

    def text(self, texts: Path) -> Path:
        """The file asked about. Raises DocumentMissing."""
        path = texts / self.context
        if not path.is_file():
            raise DocumentMissing(f"{self.id}: there is no file {path}.", "Name the folder of the texts with --texts.")
        return path


QUESTIONS = TypeAdapter(tuple[Question, ...])


def read_index(path: Path) -> tuple[Question, ...]:
    """Raises BadRequest for what is no index file; the message names the question and the field."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise BadRequest(f"The index {path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise BadRequest(f"The index {path} is not JSON: {error}.") from None
    try:
        questions = QUESTIONS.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = first["loc"]
        named = data[place[0]].get("id", place[0]) if place and isinstance(data[place[0]], dict) else ""
        where = ".".join(str(part) for part in (named, *place[1:]))
        raise BadRequest(f"{path}: {where}: {first['msg']}.", "See bench/quality/README.md for the format.") from None
    ids = [question.id for question in questions]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise BadRequest(f"{path}: more than one question has the id {', '.join(twice)}.")
    return questions


def texts_of(index: Path, questions: tuple[Question, ...]) -> Path:
    """The folder that contexts are relative to: the nearest above the index that holds the first of them."""
    for folder in index.resolve().parents:
        if questions and (folder / questions[0].context).is_file():
            return folder
    return index.resolve().parent
