"""Errors that say who must act, and the one table that every edge answers from.

Exception
├── Rejected       the sender must act; carries a status hint
├── Unavailable    nobody must act; try again later
└── SettingsError  the operator must act; carries every mistake at once

Anything else is a bug. Edges treat a bug as Unavailable, so that it never costs a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a sender was refused; chooses the status that the sender's protocol has for it."""

    MALFORMED = "malformed"
    UNKNOWN_INBOX = "unknown_inbox"
    TOO_LARGE = "too_large"
    UNAUTHORISED = "unauthorised"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_MANY = "too_many"


class Rejected(Exception):
    """The sender must act: the same input again will be refused again.

    `detail` is shown to the sender, so it names no secret and no inside of the system.
    """

    def __init__(self, detail: str, reason: Reason = Reason.MALFORMED) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


class Unavailable(Exception):
    """Could not be stored or delivered now; the same input again may well succeed.

    `full` says that a stream or store is at its limit (SMTP says 452 then, not 451);
    `retry_after` is in seconds.
    """

    def __init__(self, detail: str, *, full: bool = False, retry_after: float = 5.0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.full = full
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing an operator has to mend; `where` is `file:line` or the name of a setting."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SettingsError(Exception):
    """The operator must act. Carries all mistakes, not the first one only."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class Answer:
    """How one kind of failure is said in each protocol."""

    smtp: str
    http: int
    websocket: int


_REJECTIONS = {
    Reason.MALFORMED: Answer("554 5.6.0", 400, 1008),
    Reason.UNKNOWN_INBOX: Answer("550 5.1.1", 404, 1008),
    Reason.TOO_LARGE: Answer("552 5.3.4", 413, 1009),
    Reason.UNAUTHORISED: Answer("530 5.7.0", 401, 1008),
    Reason.FORBIDDEN: Answer("550 5.7.1", 403, 1008),
    Reason.NOT_FOUND: Answer("550 5.1.1", 404, 1008),
    Reason.CONFLICT: Answer("554 5.5.0", 409, 1008),
    Reason.TOO_MANY: Answer("452 4.5.3", 429, 1008),
}
_FULL = Answer("452 4.3.1", 503, 1013)
_UNAVAILABLE = Answer("451 4.3.0", 503, 1013)
_BUG = Answer("451 4.3.0", 500, 1011)


def answer_to(error: BaseException) -> Answer:
    """The status for `error` in each protocol; see `architecture.md`, "A channel is a plug-in"."""
    if isinstance(error, Rejected):
        return _REJECTIONS[error.reason]
    if isinstance(error, Unavailable):
        return _FULL if error.full else _UNAVAILABLE
    return _BUG
