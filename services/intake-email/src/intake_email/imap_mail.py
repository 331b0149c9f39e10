"""One mail of a mailbox elsewhere: where it belongs, and how it is taken in. Small ones whole, large ones by pieces."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import NamedTuple

from frontline.contract.channel import Inboxes, Receive
from frontline.contract.clock import Clock
from frontline.contract.ids import InboxId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from intake_email.address import canonical_address, mailboxes
from intake_email.digest import BodyDigest
from intake_email.header import Headers, split
from intake_email.imap_checkpoint import identity, identity_of
from intake_email.imap_client import ImapClient, Lying
from intake_email.imap_settings import ImapMailbox
from intake_email.incoming import LARGE
from intake_email.normalize import read
from intake_email.reception import inbox_of
from intake_email.taking import Outcome, Taking, Way
from intake_email.thread import own_message_id

PIECE = 512 * 1024
BEGINNING = 64 * 1024
"""What is taken in of a mail that is too large."""
_ENVELOPE = (b"delivered-to", b"x-original-to", b"envelope-to", b"x-envelope-to", b"x-delivered-to")
_NAMED = (b"to", b"cc")
_MOST = 20


class GoneError(Exception):
    """Somebody took the mail away while it was fetched."""


class Taken(NamedTuple):
    """What became of a mail in each inbox, and its identity if it was stored in all of them."""

    outcomes: dict[InboxId, Outcome]
    identity: bytes

    @property
    def error(self) -> Exception | None:
        return next((outcome for outcome in self.outcomes.values() if isinstance(outcome, Exception)), None)


class Fetching:
    """Takes mails of one mailbox in; `limit` is the largest that is taken whole."""

    def __init__(
        self, mailbox: ImapMailbox, inboxes: Inboxes, taking: Taking, receive: Receive, clock: Clock, limit: int
    ) -> None:
        self._mailbox = mailbox
        self._inboxes = inboxes
        self._taking = taking
        self._receive = receive
        self._clock = clock
        self._limit = limit

    async def small(self, mail: Lying, raw: bytes) -> Taken:
        noting = _Noting(self._receive)
        outcomes = await self._taking.each(raw, self._way(mail, split(raw)[0]), noting)
        return Taken(outcomes, noting.identity)

    async def large(self, client: ImapClient, mail: Lying) -> Taken:
        """Raises `GoneError` if it isn't there any more, and what storing its octets raises."""
        begin = await _piece(client, mail.uid, 0)
        noting = _Noting(self._receive)
        way = self._way(mail, split(begin)[0])
        outcomes = await self._taking.each_of_large(_pieces(client, mail.uid, begin), way, noting)
        return Taken(outcomes, noting.identity)

    async def beginning(self, client: ImapClient, mail: Lying) -> Taken:
        """Of a mail that is too large: so that somebody sees that it came, and can look at it where it lies."""
        raw = (await client.octets([mail.uid], 0, BEGINNING)).get(mail.uid)
        if raw is None:
            raise GoneError
        noting = _Noting(self._receive)
        note = (
            f"{mail.size} octets are more than {self._limit}, so that only the beginning is here: "
            f"the whole is UID {mail.uid} of the mailbox {self._mailbox.name}"
        )
        outcomes = await self._taking.each(raw, self._way(mail, split(raw)[0], note), noting)
        return Taken(outcomes, noting.identity)

    async def known(self, client: ImapClient, mail: Lying, knows: Callable[[bytes], bool]) -> bytes:
        """Its identity if `knows` it, else b"". Nothing is stored for that, also of a large mail."""
        if mail.size > self._limit:
            raw = (await client.octets([mail.uid], 0, BEGINNING)).get(mail.uid, b"")
            found = _identity_of_whole(raw)
        else:
            begin = await _piece(client, mail.uid, 0)
            if len(begin) <= LARGE:
                found = _identity_of_whole(begin)
            else:
                headers, body_at = split(begin)
                digest, skip = BodyDigest(headers), body_at
                async for octets in _pieces(client, mail.uid, begin):
                    digest.update(octets[skip:])
                    skip = 0
                found = identity(_native_id(headers, digest.hexdigest()), digest.hexdigest())
        return found if knows(found) else b""

    def _way(self, mail: Lying, headers: Headers, note: str = "") -> Way:
        accepted = min(mail.accepted, self._clock()) if mail.accepted else None
        said = headers.first(b"return-path").strip() if b"return-path" in headers else None
        return_path = None if said is None else canonical_address(said.strip("<>"))
        return Way(self._where(headers), return_path, peer="", accepted=accepted, note=note)

    def _where(self, headers: Headers) -> dict[InboxId, tuple[str, ...]]:
        """Its inboxes, each with the addresses that led there."""
        own = InboxId(self._mailbox.inbox)
        delivered = _addresses(headers, _ENVELOPE)
        if not self._mailbox.by_recipient:
            return {own: tuple(delivered)}
        found: dict[InboxId, list[str]] = {}
        for fields in (delivered, _addresses(headers, _NAMED)):
            for address in fields:
                inbox = inbox_of(address, self._inboxes)
                if inbox is not None:
                    found.setdefault(inbox.inbox, []).append(address)
            if found:
                break
        return {inbox: tuple(addresses) for inbox, addresses in found.items()} or {own: tuple(delivered)}


class _Noting:
    """A `receive` that remembers what the mail was."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.identity = b""

    async def __call__(self, message: InboundMessage | DeliveryReceipt) -> None:
        if isinstance(message, InboundMessage):
            self.identity = identity_of(message)
        await self._receive(message)


def before(mail: Lying, since: datetime | None) -> bool:
    """Whether it is to be left alone."""
    return since is not None and mail.accepted is not None and mail.accepted < since


def _identity_of_whole(raw: bytes) -> bytes:
    mail = read(raw)
    return identity(_native_id(mail.headers, mail.digest), mail.digest)


def _native_id(headers: Headers, digest: str) -> str:
    own = own_message_id(headers.first(b"message-id"))
    return f"<{own}>" if own else f"sha256:{digest}"


def _addresses(headers: Headers, fields: tuple[bytes, ...]) -> list[str]:
    found = [box.address for name in fields for value in headers.every(name)[:_MOST] for box in mailboxes(value)]
    return list(dict.fromkeys(found))[:_MOST]


async def _piece(client: ImapClient, uid: int, begin: int) -> bytes:
    found = (await client.octets([uid], begin, PIECE)).get(uid)
    if found is None:
        raise GoneError
    return found


async def _pieces(client: ImapClient, uid: int, first: bytes) -> AsyncIterator[bytes]:
    """To its end, whatever size the server said that it has."""
    piece, at = first, 0
    while piece:
        yield piece
        at += len(piece)
        piece = await _piece(client, uid, at) if len(piece) == PIECE else b""
