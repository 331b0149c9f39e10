"""When a mail was sent, by what its sender says (RFC 5322, 3.3)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from frontline.contract.codec import to_milliseconds

_LONGEST = 100
# What programs of today write. The rest is left to the standard library, which takes three times as long.
_USUAL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) (2[0-9]{3}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) "
    r"([+-][01][0-9][0-5][0-9])(?: \([A-Z]{1,5}\))?"
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: f"{number:02}" for number, name in enumerate(_NAMES, 1)}


def date_of(value: str) -> datetime | None:
    """The instant in UTC. Without a zone it is taken for UTC, and what is no date is `None`."""
    if not value:
        return None
    usual = _USUAL.fullmatch(value)
    try:
        if usual is not None:
            day, month, year, time, zone = usual.groups()
            return datetime.fromisoformat(f"{year}-{_MONTHS[month]}-{day:0>2}T{time}{zone}").astimezone(UTC)
        found = parsedate_to_datetime(value[:_LONGEST])
        return to_milliseconds(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None
