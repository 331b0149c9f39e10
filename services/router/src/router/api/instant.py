"""Instants as clients write them: RFC 3339, with their offset from UTC. Pure."""

from datetime import UTC, datetime

from frontline.contract.codec import to_milliseconds
from router.api.problem import FieldMistake, Invalid

_YEARS = range(1970, 9000)
"""Beyond them nobody means anything, and reckoning with days around an instant runs out of calendar."""


def instant(where: str, text: str) -> datetime:
    """In UTC, whole milliseconds. Raises `Invalid`, which names `where`."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise Invalid(FieldMistake(where, "needs its offset from UTC, or Z"))
    except ValueError:
        raise Invalid(FieldMistake(where, "must be a date and time as in RFC 3339")) from None
    if found.year not in _YEARS:
        raise Invalid(FieldMistake(where, f"must lie in the years from {_YEARS.start} to {_YEARS.stop - 1}"))
    return to_milliseconds(found.astimezone(UTC))


def instant_ahead(where: str, text: str, now: datetime) -> datetime:
    """One that is still to come. Raises `Invalid`."""
    found = instant(where, text)
    if found <= now:
        raise Invalid(FieldMistake(where, "lies in the past"))
    return found
