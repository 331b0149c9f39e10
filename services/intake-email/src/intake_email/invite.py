"""Calendar parts of mails (RFC 5545, RFC 5546, RFC 6047): what is asked or answered, in words.

Ten properties are read and no tree is built: invites break the rules of their format in many ways, and
their file goes to the agent in any case.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MOST_READ = 64 * 1024
"""Letters; recurring events with their exceptions are long, and the first says what it is."""
_LONGEST = 500
_MOST_ATTENDEES = 200

_FOLD = re.compile(r"\r?\n[ \t]")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,40})=(?:"([^"\n]*+)"|([^";:,\n]*+))')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?\Z")
_MAILTO = "mailto:"

_SAYS = {
    "REQUEST": "Invitation", "PUBLISH": "Event", "CANCEL": "Cancelled", "ADD": "Invitation",
    "COUNTER": "Another time is proposed", "DECLINECOUNTER": "The other time is declined", "REFRESH": "Asked for again",
}  # fmt: skip
_ANSWERS = {
    "ACCEPTED": "Accepted", "DECLINED": "Declined", "TENTATIVE": "Tentatively accepted", "DELEGATED": "Delegated",
}  # fmt: skip


class Invite(NamedTuple):
    """The first event of a calendar part. `method` is in capitals, "" for none."""

    method: str = ""
    uid: str = ""
    summary: str = ""
    start: str = ""
    end: str = ""
    place: str = ""
    organizer: str = ""
    answer: str = ""
    """How the first attendee answers, in capitals; for a `REPLY` only."""
    comment: str = ""
    description: str = ""
    program: str = ""
    """What made it (`PRODID`)."""

    @property
    def by_microsoft(self) -> bool:
        return "microsoft" in self.program.lower()

    @property
    def is_reply(self) -> bool:
        return self.method == "REPLY"

    def words(self) -> str:
        """As an agent reads it where the mail itself says nothing."""
        says = _ANSWERS.get(self.answer, "Answered") if self.is_reply else _SAYS.get(self.method, "Event")
        when = f"{self.start} – {self.end}" if self.start and self.end else self.start
        told = [f"{says}: {self.summary}".rstrip(": "), *filter(None, (when, self.place, self.organizer))]
        return "\n\n".join(filter(None, ("\n".join(told), self.comment, self.description)))


def read_invite(text: str, method: str = "") -> Invite | None:
    """The event in `text`; `method` is the part's own parameter. `None` when there is no calendar in it."""
    start = text[:_LONGEST].upper().find("BEGIN:VCALENDAR")
    if start < 0:
        return None
    found: dict[str, str] = {"METHOD": method}
    open_parts: list[str] = []
    attendees = 0
    for name, parameters, value in _lines(text[start : start + MOST_READ]):
        if name == "BEGIN":
            open_parts = [*open_parts[-8:], value.upper()]
        elif name == "END":
            if value.upper() in ("VEVENT", "VTODO"):
                break
            open_parts = open_parts[:-1]
        elif name in ("METHOD", "PRODID"):
            found[name] = value
        elif open_parts and open_parts[-1] in ("VEVENT", "VTODO"):
            if name == "ATTENDEE":
                attendees += 1
                if attendees > _MOST_ATTENDEES:
                    continue
                found.setdefault("PARTSTAT", _parameter(parameters, "PARTSTAT").upper())
            elif name in ("DTSTART", "DTEND", "DUE"):
                found.setdefault(name, _when(value, _parameter(parameters, "TZID")))
            elif name == "ORGANIZER":
                address = value[len(_MAILTO) :] if value.lower().startswith(_MAILTO) else value
                found.setdefault(name, _parameter(parameters, "CN") or address)
            else:
                found.setdefault(name, _unescaped(value))
    said = {name: value.strip()[:_LONGEST] for name, value in found.items()}
    return Invite(
        method=said["METHOD"].upper()[:20],
        uid=said.get("UID", ""),
        summary=said.get("SUMMARY", ""),
        start=said.get("DTSTART", "") or said.get("DUE", ""),
        end=said.get("DTEND", ""),
        place=said.get("LOCATION", ""),
        organizer=said.get("ORGANIZER", ""),
        answer=said.get("PARTSTAT", ""),
        comment=said.get("COMMENT", ""),
        description=found.get("DESCRIPTION", "").strip(),
        program=said.get("PRODID", ""),
    )


def _lines(text: str) -> Iterator[tuple[str, str, str]]:
    """Name in capitals, parameters and value of each line of content; what is none is passed over."""
    for line in _FOLD.sub("", text).splitlines():
        head, colon, value = _divided(line)
        name, semicolon, parameters = head.partition(";")
        if colon and name.replace("-", "").isalnum():
            yield name.upper(), semicolon + parameters, value


def _divided(line: str) -> tuple[str, str, str]:
    """Before and behind the first colon that is in no quotes."""
    head, colon, value = line.partition(":")
    while colon and head.count('"') % 2 and ":" in value and len(head) < _LONGEST:
        more, _, value = value.partition(":")
        head = f"{head}:{more}"
    return head, colon, value


def _parameter(parameters: str, name: str) -> str:
    for match in _PARAMETER.finditer(parameters):
        if match[1].upper() == name:
            return match[2] if match[2] is not None else match[3]
    return ""


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value) if "\\" in value else value


def _when(value: str, zone: str) -> str:
    """`20260504T120000` in a zone as "2026-05-04 12:00 (Europe/Vienna)"; the zone by the name that it was given."""
    match = _STAMP.match(value.strip())
    if match is None:
        return value
    year, month, day, hour, minute, utc = match.groups()
    date = f"{year}-{month}-{day}"
    if hour is None:
        return date
    where = "UTC" if utc else zone
    return f"{date} {hour}:{minute} ({where})" if where else f"{date} {hour}:{minute}"
