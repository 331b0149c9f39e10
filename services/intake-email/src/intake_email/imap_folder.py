"""One folder of a mailbox elsewhere: everything that lies in it is taken in once, by UID, then whatever comes.

A mail is stored, then marked or moved there, then noted here, in this order: a crash in between is a
repeat of what has no effect the second time. Flags decide nothing, so a mail that somebody has read
first is like any other.
"""

import asyncio
from collections.abc import Callable, Sequence

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Rejected, Unavailable
from intake_email.imap_checkpoint import Checkpoint
from intake_email.imap_client import ImapClient, Lying, Refused
from intake_email.imap_mail import Fetching, GoneError, Taken, before
from intake_email.imap_settings import ImapMailbox
from intake_email.incoming import LARGE
from intake_email.settings import EmailSettings

_AT_ONCE = 200
_BATCH = 32
_BATCH_OCTETS = 2 << 20
_FIRST_PAUSE = 5.0

Tell = Callable[[int, int], None]
"""Told how many mails lie in the folder, and how many of them are taken in."""


class Folder:
    """Outlives the connections by which it is read."""

    def __init__(
        self,
        mailbox: ImapMailbox,
        name: str,
        settings: EmailSettings,
        checkpoint: Checkpoint,
        fetching: Fetching,
        log: Log,
        meter: Meter,
        tell: Tell,
    ) -> None:
        self.name = name
        self._mailbox = mailbox
        self._settings = settings
        self._checkpoint = checkpoint
        self._fetching = fetching
        self._log = log
        self._meter = meter
        self._tell = tell
        self._waiting: dict[int, tuple[float, float]] = {}
        """Mails that could not be taken in: when each is tried again, and after which pause."""
        self._stuck = 0
        self._validity = 0
        self.counts = (0, 0)
        """How many mails lie there, and how many of them are taken in, as of the last comparison."""

    async def open(self, client: ImapClient) -> None:
        await client.select(self.name)
        if client.validity != self._validity:
            self._validity, self._stuck = client.validity, 0
            self._waiting.clear()
        await self._checkpoint.open(client.validity)

    async def follow(self, client: ImapClient, caught_up: Callable[[], None]) -> None:
        """Take in what lies there, then what comes, until the connection ends; what is missing, now and then.

        Raises `ImapError`, `OSError`, `TimeoutError`, and `Unavailable` when nothing can be stored.
        """
        loop = asyncio.get_running_loop()
        await self.open(client)
        while True:
            highest = await self.compare(client, take=True)
            caught_up()
            until = loop.time() + self._settings.imap_reconcile
            while (left := until - loop.time()) > 0:
                left = min([left, *(max(at - loop.time(), 0.0) for at, _ in self._waiting.values())])
                await client.wait(min(self._settings.imap_idle, left), min(self._settings.imap_poll, left))
                highest = await self._take_new(client, highest)

    async def compare(self, client: ImapClient, *, take: bool, missing: Callable[[int], None] | None = None) -> int:
        """Look at every UID that lies there, and take in what is not noted; the highest UID that there was."""
        there = held = highest = 0
        async for page in client.pages(since=self._mailbox.since):
            unsettled = await self._checkpoint.unsettled(page)
            found = [mail for mail in await self._lying(client, unsettled) if not before(mail, self._mailbox.since)]
            gone = len(unsettled) - len(found)
            left = {mail.uid for mail in found}
            if take:
                left -= await self._take_all(client, found)
            elif self._checkpoint.renumbered:
                left -= {mail.uid for mail in found if await self._known(client, mail)}
            for uid in sorted(left):
                if missing is not None:
                    missing(uid)
            there += len(page) - gone
            held += len(page) - gone - len(left)
            highest = page[-1]
            self._show(there, held)
        self._show(there, held)
        if take and there == held:
            await self._checkpoint.looked_at_all()
        return highest

    async def _take_new(self, client: ImapClient, highest: int) -> int:
        due = [uid for uid, (at, _) in self._waiting.items() if at <= asyncio.get_running_loop().time()]
        pages = [sorted(due)] if due else []
        pages += [page async for page in client.pages(highest + 1)]
        for page in pages:
            unsettled = await self._checkpoint.unsettled(page)
            found = [mail for mail in await self._lying(client, unsettled) if not before(mail, self._mailbox.since)]
            for uid in set(unsettled) - {mail.uid for mail in found}:
                self._waiting.pop(uid, None)
            fresh = [mail for mail in found if mail.uid not in self._waiting]
            done = await self._take_all(client, found)
            there, held = self.counts
            self._show(there + len(fresh), held + len(done))
            highest = max(highest, page[-1])
        return highest

    async def _lying(self, client: ImapClient, uids: Sequence[int]) -> list[Lying]:
        found: list[Lying] = []
        for at in range(0, len(uids), _AT_ONCE):
            found += await client.lying(uids[at : at + _AT_ONCE])
        return found

    async def _take_all(self, client: ImapClient, mails: Sequence[Lying]) -> set[int]:
        """Take these in, as far as they are not to wait; the UIDs of those that are, and of those that have gone."""
        now = asyncio.get_running_loop().time()
        ready = [mail for mail in mails if self._waiting.get(mail.uid, (0.0, 0.0))[0] <= now]
        done: set[int] = set()
        while ready:
            batch = _batch(ready)
            ready = ready[len(batch) :]
            done |= await self._take(client, batch)
        return done

    async def _take(self, client: ImapClient, batch: Sequence[Lying]) -> set[int]:
        small = [mail.uid for mail in batch if mail.size <= LARGE]
        octets: dict[int, bytes] = {}
        if small and not self._checkpoint.renumbered:
            octets = await client.octets(small, 0, LARGE + 1)
        settled: dict[int, bytes] = {}
        gone: set[int] = set()
        trouble: Unavailable | None = None
        for mail in batch:
            try:
                taken = await self._one(client, mail, octets.pop(mail.uid, None))
            except GoneError:
                gone.add(mail.uid)
                continue
            except Unavailable as error:
                trouble = error
            else:
                if taken.error is None:
                    settled[mail.uid] = taken.identity
                    self._waiting.pop(mail.uid, None)
                    continue
                if not isinstance(taken.error, Unavailable):
                    self._put_off(mail, taken.error)
                    continue
                trouble = taken.error
            if self._stuck == mail.uid:  # twice in a row: it may be this mail, and no other waits for it
                self._stuck = 0
                self._put_off(mail, trouble)
                trouble = None
                continue
            self._stuck = mail.uid
            break
        if settled:
            await self._mark(client, list(settled))
            await self._checkpoint.note(settled)
        try:
            if trouble is not None:
                raise trouble
        finally:
            del trouble  # it holds this frame, and all the octets in it
        return gone | set(settled)

    async def _one(self, client: ImapClient, mail: Lying, raw: bytes | None) -> Taken:
        if self._checkpoint.renumbered:
            known = await self._known(client, mail)
            if known:
                self._count("known")
                return Taken({}, known)
        if mail.size > self._settings.smtp_max_size:
            taken = await self._fetching.beginning(client, mail)
            self._log.warning("imap.too_large", mailbox=self._mailbox.name, uid=mail.uid, octets=mail.size)
            self._count("too_large")
        elif raw is not None and len(raw) <= LARGE:
            taken = await self._fetching.small(mail, raw)
        else:
            taken = await self._fetching.large(client, mail)
        self._count("taken" if taken.error is None else "failed")
        return taken

    async def _known(self, client: ImapClient, mail: Lying) -> bytes:
        return await self._fetching.known(client, mail, self._checkpoint.knows)

    async def _mark(self, client: ImapClient, uids: Sequence[int]) -> None:
        """What the settings ask for; a server that refuses it keeps nobody from being heard."""
        try:
            if self._mailbox.after == "seen":
                await client.mark_seen(uids)
            elif self._mailbox.after == "move":
                await client.move(uids, self._mailbox.move_to)
        except Refused as refused:
            self._meter.count("imap_marks_refused", mailbox=self._mailbox.name)
            self._log.warning("imap.mark_refused", mailbox=self._mailbox.name, mails=len(uids), why=str(refused))

    def _put_off(self, mail: Lying, why: Exception) -> None:
        """Try it again later, and more seldom each time; the others go on."""
        pause = min(self._waiting.get(mail.uid, (0.0, _FIRST_PAUSE / 2))[1] * 2, self._settings.imap_reconcile)
        self._waiting[mail.uid] = (asyncio.get_running_loop().time() + pause, pause)
        self._count("put_off")
        said = {"why": why.detail} if isinstance(why, (Rejected, Unavailable)) else {"exc_info": why}
        self._log.error("imap.not_taken", mailbox=self._mailbox.name, uid=mail.uid, **said)

    def _show(self, there: int, held: int) -> None:
        self.counts = (there, held)
        self._tell(there, held)

    def _count(self, outcome: str) -> None:
        self._meter.count("imap_mails", mailbox=self._mailbox.name, outcome=outcome)


def _batch(mails: Sequence[Lying]) -> Sequence[Lying]:
    """As many as are fetched in one go: their octets lie in memory at once, those of large ones excepted."""
    size = 0
    for number, mail in enumerate(mails):
        size += min(mail.size, LARGE)
        if number == _BATCH or (number and size > _BATCH_OCTETS):
            return mails[:number]
    return mails
