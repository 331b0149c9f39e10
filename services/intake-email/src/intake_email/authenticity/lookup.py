"""What the checks ask of the DNS. Pure: answers come in as values, and what is missing goes out as a question.

So a library that looks records up as it goes along can be run again and again until all is known, and
never waits, nor does anybody wait for it.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]


class Question(NamedTuple):
    """`name` in lower case, without the last dot."""

    name: str
    kind: Kind


Record = bytes | str | tuple[int, str]
"""TXT: its strings as one; A and AAAA: the address; PTR: the name; MX: preference and name."""

Answer = tuple[Record, ...] | None
"""All records, none when there are none or no such name; `None` when it could not be found out (in time)."""

Answers = Mapping[Question, Answer]

Lookup = Callable[[Question], Answer]


class Wanted(Exception):
    """An answer is missing."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


def known(answers: Answers) -> Lookup:
    """A lookup that raises `Wanted` for what is not in `answers`."""

    def look(question: Question) -> Answer:
        if question not in answers:
            raise Wanted(question)
        return answers[question]

    return look


def question(name: str, kind: Kind = "TXT") -> Question:
    return Question(name.lower().rstrip("."), kind)


def texts(answer: tuple[Record, ...]) -> list[str]:
    """The TXT records among them as text; octets that are no ASCII become what no record has."""
    return [record.decode("ascii", "replace") for record in answer if isinstance(record, bytes)]
