"""What was found out about a mail before it was stored, and what agents are not given because of it. Pure."""

import msgspec
from msgspec.structs import replace

from frontline.contract.message import Evidence
from intake_email.content import Content
from intake_email.file import File
from intake_email.neighbours.word import Spam

EVERYTHING = 0
"""In `Checked.infected`: not a file, but the mail itself."""


class Checked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found out. `infected` are the numbers of the files, counted from 1, that have the virus."""

    evidence: tuple[Evidence, ...] = ()
    verified: bool = False
    spam: Spam | None = None
    virus: str = ""
    infected: tuple[int, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What was to be looked at, and why nobody did."""


NOTHING = Checked()


def withheld(said: Content, checked: Checked) -> Content:
    """`said` without what has a virus: a note stands in its place. The original is kept as it came."""
    if not checked.virus:
        return said
    note = (
        f"Taken out: the virus scanner found {checked.virus} here. The mail is kept as it came; an operator can get it."
    )
    everything = EVERYTHING in checked.infected
    files = [
        _in_place_of(file, note) if everything or number in checked.infected else file
        for number, file in enumerate(said.files, 1)
    ]
    flaws = (*said.flaws, f"virus found: {checked.virus}")
    if everything:
        return replace(said, text=note, html="", beside="", files=tuple(files), flaws=flaws)
    return replace(said, files=tuple(files), flaws=flaws)


def _in_place_of(file: File, note: str) -> File:
    return File(f"{file.name[-190:]}.txt", "text/plain", note.encode())
