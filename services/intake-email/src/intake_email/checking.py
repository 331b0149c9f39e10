"""Everything that is found out about a mail before it is stored: who it is from, whether it is wanted or harmful.

All of it at the same time, within limits, and each only if the operator asked for it. What a check
comes to is kept with the message; no mail is lost by one.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Unavailable
from frontline.contract.message import Evidence
from intake_email.authenticity.examiner import Examiner, Way
from intake_email.authenticity.verdict import evidence
from intake_email.neighbours.clamd import Clamd
from intake_email.neighbours.rspamd import Rspamd
from intake_email.neighbours.spamd import Spamd
from intake_email.neighbours.word import NoWord, Spam
from intake_email.settings import EmailSettings

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


class _Scores(Protocol):
    async def score(self, raw: bytes, peer: str = "", hello: str = "", sender: str = "") -> Spam: ...


class Checking:
    """All checks that `settings` ask for."""

    def __init__(self, settings: EmailSettings, log: Log, meter: Meter) -> None:
        self._log = log
        self._meter = meter
        self._examiner = Examiner(settings, log, meter)
        seconds = settings.email_neighbour_timeout
        self._scanner = None if settings.clamd is None else Clamd(settings.clamd, seconds)
        self._scan_or_wait = settings.email_clamd_required
        self._scorers: list[_Scores] = []
        if settings.email_rspamd:
            self._scorers.append(Rspamd(settings.email_rspamd, seconds))
        if (spamd := settings.spamd) is not None:
            self._scorers.append(Spamd(spamd, seconds))

    async def look(self, raw: bytes, files: Sequence[bytes], way: Way, now: datetime) -> Checked:
        """`files`: the decoded files of the mail, in their order. Raises `Unavailable` if the operator wants no
        mail that the scanner has not seen, and it can't be asked.
        """
        verdict, spam, (virus, infected, unscanned) = await asyncio.gather(
            self._examiner.examine(raw, way, now), self._spam(raw, way), self._viruses(raw, files)
        )
        return Checked(
            evidence=evidence(verdict) if verdict else (),
            verified=verdict is not None and verdict.verified,
            spam=spam[0],
            virus=virus,
            infected=infected,
            unchecked=(*spam[1], *unscanned),
        )

    async def _spam(self, raw: bytes, way: Way) -> tuple[Spam | None, tuple[str, ...]]:
        """The highest score, by its own limit, of those who were asked."""
        found, silent = [], []
        for scorer in self._scorers:
            try:
                found.append(await scorer.score(raw, way.peer, way.hello, way.return_path or ""))
            except NoWord as error:
                silent.append(str(error))
                self._silent(str(error))
        if not found:
            return None, tuple(silent)
        self._meter.count("spam", likely=str(any(each.likely for each in found)).lower())
        return max(found, key=lambda spam: spam.score - spam.limit), tuple(silent)

    async def _viruses(self, raw: bytes, files: Sequence[bytes]) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
        if self._scanner is None:
            return "", (), ()
        try:
            virus = await self._scanner.scan(raw)
            infected = [number for number, data in enumerate(files, 1) if virus and await self._scanner.scan(data)]
        except NoWord as error:
            self._silent(str(error))
            if self._scan_or_wait:
                raise Unavailable("the virus scanner gives no answer") from error
            return "", (), (str(error),)
        if virus:
            self._meter.count("viruses")
            self._log.warning("mail.virus", files=len(infected))
            # In none of the files by itself: then it may be anywhere.
            infected = infected or [EVERYTHING, *range(1, len(files) + 1)]
        return virus, tuple(infected), ()

    def _silent(self, why: str) -> None:
        self._meter.count("neighbours_silent")
        self._log.warning("mail.unchecked", why=why)
