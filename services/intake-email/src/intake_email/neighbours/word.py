"""What the neighbours say of a mail. Pure."""

import msgspec


class NoWord(Exception):
    """A neighbour did not answer, not in time, or not in its own language; the text is why."""


class Spam(msgspec.Struct, frozen=True, kw_only=True):
    """How likely a mail is unwanted: `score` against the `limit` of who says so (`by`). It decides nothing."""

    by: str
    score: float
    limit: float
    names: tuple[str, ...] = ()
    """The rules that made the score."""

    @property
    def likely(self) -> bool:
        return self.score >= self.limit
