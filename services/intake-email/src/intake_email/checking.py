"""Everything that is found out about a mail before it is stored: who it is from, whether it is wanted or harmful.

All of it at the same time, within limits, and each only if the operator asked for it. What a check
comes to is kept with the message; no mail is lost by one.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Unavailable
from intake_email.authenticity.examiner import Examiner, Way
from intake_email.authenticity.streamed import Streamed
from intake_email.authenticity.verdict import Verdict, evidence
from intake_email.checked import EVERYTHING, NOTHING, Checked
from intake_email.neighbours.clamd import Clamd, Scan
from intake_email.neighbours.rspamd import Rspamd
from intake_email.neighbours.spamd import Spamd
from intake_email.neighbours.word import NoWord, Spam
from intake_email.settings import EmailSettings


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
        self.needed = bool(self._examiner.mode != "off" or self._scanner or self._scorers)
        """Whether anything is looked at at all."""

    async def look(self, raw: bytes, files: Sequence[bytes], way: Way, now: datetime) -> Checked:
        """`files`: the decoded files of the mail, in their order. Raises `Unavailable` if the operator wants no
        mail that the scanner has not seen, and it can't be asked.
        """
        if not self.needed:
            return NOTHING
        verdict, spam, viruses = await asyncio.gather(
            self._examiner.examine(raw, way, now), self._spam(raw, way), self._viruses(raw, files)
        )
        return _checked(verdict, spam, viruses)

    def begin(self) -> "Look":
        """A look at a large mail while it comes in. It gets no score: unwanted mail is small."""
        mode = self._examiner.mode
        streamed = None if mode == "off" else Streamed(hashed=mode == "own")
        return Look(self, streamed, self._scanner.begin() if self._scanner else None)

    async def finish(self, streamed: Streamed | None, scan: Scan | None, way: Way, now: datetime) -> Checked:
        verdict = None
        if streamed is not None:
            streamed.finish()
            verdict = await self._examiner.judge(streamed.fields, streamed, way, now)
        viruses = NO_VIRUSES
        if scan is not None:
            try:
                virus = await scan.finish()
            except NoWord as error:
                viruses = self._unscanned(error)
            else:
                # Which part of it has the virus nobody can tell any more.
                viruses = Viruses(virus, (EVERYTHING,)) if virus else NO_VIRUSES
        self._count(viruses)
        return _checked(verdict, Scored(None, ()), viruses)

    async def _spam(self, raw: bytes, way: Way) -> "Scored":
        """The highest score, by its own limit, of those who were asked."""
        found, silent = [], []
        for scorer in self._scorers:
            try:
                found.append(await scorer.score(raw, way.peer, way.hello, way.return_path or ""))
            except NoWord as error:
                silent.append(str(error))
                self._silent(str(error))
            except Exception as error:  # noqa: BLE001 - a bug of ours, or of theirs, must not cost a mail
                silent.append("a score could not be had")
                self._meter.count("failures", where="neighbours")
                self._log.error("mail.score_failed", exc_info=error)
        if not found:
            return Scored(None, tuple(silent))
        self._meter.count("spam", likely=str(any(each.likely for each in found)).lower())
        return Scored(max(found, key=lambda spam: spam.score - spam.limit), tuple(silent))

    async def _viruses(self, raw: bytes, files: Sequence[bytes]) -> "Viruses":
        if self._scanner is None:
            return NO_VIRUSES
        try:
            virus = await self._scanner.scan(raw)
            infected = [number for number, data in enumerate(files, 1) if virus and await self._scanner.scan(data)]
        except NoWord as error:
            return self._unscanned(error)
        if not virus:
            return NO_VIRUSES
        # In none of the files by itself: then it may be anywhere.
        viruses = Viruses(virus, tuple(infected) or (EVERYTHING,))
        self._count(viruses)
        return viruses

    def _unscanned(self, error: NoWord) -> "Viruses":
        self._silent(str(error))
        if self._scan_or_wait:
            raise Unavailable("the virus scanner gives no answer") from error
        return Viruses(unchecked=(str(error),))

    def _count(self, viruses: "Viruses") -> None:
        if viruses.name:
            self._meter.count("viruses")
            self._log.warning("mail.virus", files=len(viruses.infected))

    def _silent(self, why: str) -> None:
        self._meter.count("neighbours_silent")
        self._log.warning("mail.unchecked", why=why)


class Look:
    """See `Checking.begin`. To be closed in any case."""

    def __init__(self, checking: Checking, streamed: Streamed | None, scan: Scan | None) -> None:
        self._checking = checking
        self._streamed = streamed
        self._scan = scan

    async def feed(self, octets: bytes) -> None:
        if self._streamed is not None:
            self._streamed.feed(octets)
        if self._scan is not None:
            await self._scan.feed(octets)

    async def finish(self, way: Way, now: datetime) -> Checked:
        """Raises `Unavailable` as `Checking.look` does."""
        return await self._checking.finish(self._streamed, self._scan, way, now)

    def close(self) -> None:
        if self._scan is not None:
            self._scan.close()


class Scored(NamedTuple):
    spam: Spam | None
    unchecked: tuple[str, ...]


class Viruses(NamedTuple):
    name: str = ""
    infected: tuple[int, ...] = ()
    unchecked: tuple[str, ...] = ()


NO_VIRUSES = Viruses()


def _checked(verdict: Verdict | None, scored: Scored, viruses: Viruses) -> Checked:
    return Checked(
        evidence=evidence(verdict) if verdict else (),
        verified=verdict is not None and verdict.verified,
        spam=scored.spam,
        virus=viruses.name,
        infected=viruses.infected,
        unchecked=(*scored.unchecked, *viruses.unchecked),
    )
