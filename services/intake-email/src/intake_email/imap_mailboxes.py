"""All mailboxes that are read by IMAP: a connection for each folder, made again whenever it ends."""

import asyncio
from datetime import UTC, datetime

from frontline.contract.channel import Host, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Unavailable
from frontline.contract.ids import InboxId
from intake_email.imap_checkpoint import Checkpoint
from intake_email.imap_client import ImapClient, ImapError
from intake_email.imap_folder import Folder
from intake_email.imap_lease import Lease
from intake_email.imap_login import Login
from intake_email.imap_mail import Fetching
from intake_email.imap_settings import ImapMailbox
from intake_email.settings import EmailSettings
from intake_email.taking import Taking

_FIRST_PAUSE = 0.5


class Mailboxes:
    """Those of `settings`."""

    def __init__(self, settings: EmailSettings, host: Host, taking: Taking, receive: Receive, clock: Clock) -> None:
        self._settings = settings
        self._host = host
        self._taking = taking
        self._receive = receive
        self._clock = clock
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        """By mailbox and folder: how many mails lie there, and how many of them are taken in."""

    async def run(self) -> None:
        """Read all of them until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for mailbox in self._settings.imap_mailboxes:
                tasks.create_task(self._read(mailbox), name=f"mailbox {mailbox.name}")

    def folders(self, mailbox: ImapMailbox) -> list[Folder]:
        host, settings = self._host, self._settings
        limit = settings.smtp_max_size
        fetching = Fetching(mailbox, host.inboxes, self._taking, self._receive, self._clock, limit)

        def folder(name: str) -> Folder:
            def tell(there: int, held: int) -> None:
                self._tell(mailbox.name, name, there, held)

            checkpoint = Checkpoint(host.checkpoints, mailbox.name, name)
            return Folder(mailbox, name, settings, checkpoint, fetching, host.log, host.meter, tell)

        return [folder(name) for name in mailbox.folders]

    async def _read(self, mailbox: ImapMailbox) -> None:
        lease = Lease(self._host.checkpoints, mailbox.name, self._settings.imap_lease)

        async def work() -> None:
            self._host.log.info("imap.reading", mailbox=mailbox.name, folders=len(mailbox.folders))
            login = Login(mailbox, self._settings.imap_timeout)
            async with asyncio.TaskGroup() as tasks:
                for folder in self.folders(mailbox):
                    tasks.create_task(self._keep_following(mailbox, folder, login))

        while True:
            await lease.hold(work)
            self._host.log.warning("imap.lease_lost", mailbox=mailbox.name)

    async def _keep_following(self, mailbox: ImapMailbox, folder: Folder, login: Login) -> None:
        pause = _FIRST_PAUSE

        def caught_up() -> None:
            nonlocal pause
            pause = _FIRST_PAUSE
            self._level("imap_looked_at_timestamp_seconds", mailbox, datetime.now(UTC).timestamp())

        while True:
            client: ImapClient | None = None
            try:
                self._there_is(mailbox)
                client = await login.enter()
                self._host.log.info("imap.connected", mailbox=mailbox.name)
                await folder.follow(client, caught_up)
            except (ImapError, OSError, TimeoutError, Unavailable) as error:
                why = _in_words(error)
                self._host.meter.count("imap_ended", mailbox=mailbox.name, why=type(error).__name__)
                self._host.log.warning("imap.ended", mailbox=mailbox.name, why=why)
            except Exception as error:  # a bug must not stop the other mailboxes, nor lose a mail
                self._host.meter.count("failures", where="imap")
                self._host.log.error("imap.failed", mailbox=mailbox.name, exc_info=error)
            finally:
                if client is not None:
                    client.abort()
            pause = min(pause, self._settings.imap_retry)
            await asyncio.sleep(pause)
            pause *= 2

    def _there_is(self, mailbox: ImapMailbox) -> None:
        """Raise `Unavailable` until the inbox of this mail is known: the directory comes from the router."""
        if self._host.inboxes.by_id(InboxId(mailbox.inbox)) is None:
            raise Unavailable(f"there is no inbox {mailbox.inbox}")

    def _tell(self, mailbox: str, folder: str, there: int, held: int) -> None:
        self._counts[mailbox, folder] = (there, held)
        own = [counts for (name, _), counts in self._counts.items() if name == mailbox]
        there, held = sum(each[0] for each in own), sum(each[1] for each in own)
        self._host.meter.level("imap_mails_there", there, mailbox=mailbox)
        self._host.meter.level("imap_mails_held", held, mailbox=mailbox)

    def _level(self, name: str, mailbox: ImapMailbox, value: float) -> None:
        self._host.meter.level(name, value, mailbox=mailbox.name)


def _in_words(error: Exception) -> str:
    """Why, without what a server or a system call says of addresses."""
    if isinstance(error, Unavailable):
        return error.detail
    return str(error) if isinstance(error, ImapError) else type(error).__name__
