"""A read index that is fed by hand: with what a desk under test decides, and with words and people."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from frontline.contract.codec import encode
from frontline.contract.customer import Person
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import DeliveryState, Identity
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.metrics import Metrics
from frontline.runtime.reader import Stored
from frontline.runtime.telemetry import logger
from router.desk.fence import Counted
from router.index.read_index import ReadIndex
from router.index.writing import PEOPLE, TRANSCRIPT, Position
from tests.unit.router_core.driver import NOON, Desk

SUPPORT = DeskId("support")


@contextmanager
def index_in(directory: Path, *, origin: str = "streams", now: datetime = NOON) -> Iterator[ReadIndex]:
    index = ReadIndex(directory, origin, clock=lambda: now, metrics=Metrics("router"), log=logger("router"))
    try:
        yield index
    finally:
        index.close()


class Feed:
    """Gives an index what is new since last time. A log sequence is the place in the desk's own list."""

    def __init__(self, index: ReadIndex, desk: Desk, id_: DeskId = SUPPORT) -> None:
        self.index = index
        self.desk = desk
        self.id = id_
        self._words = index.position(TRANSCRIPT).seq
        self._people = index.position(PEOPLE).seq

    @property
    def seq(self) -> int:
        return len(self.desk.log)

    def counted(self, after: int = 0) -> Sequence[Counted]:
        return [Counted(seq, commit, NOON) for seq, commit in enumerate(self.desk.log, 1) if seq > after]

    async def log(self) -> None:
        batch = self.counted(self.index.log_position(self.id).seq)
        last = self.desk.log[-1]
        await self.index.take_log(self.id, batch, Position(self.seq, last.epoch, last.index))

    async def say(self, *items: TranscriptItem) -> None:
        await self.index.take_items([self.stored(item) for item in items])

    def stored(self, item: TranscriptItem) -> Stored:
        self._words += 1
        return Stored(self._words, f"transcript.{item.contact}.pub", encode(item), {}, item.at)

    async def meet(self, person: Person | str) -> None:
        """Know a person, or with an id only forget them."""
        self._people += 1
        id_ = person if isinstance(person, str) else person.id
        data = b"" if isinstance(person, str) else encode(person)
        stored = Stored(self._people, f"$KV.CUSTOMERS.person.{id_}", data, {}, NOON)
        await self.index.take_people([stored])


def said(
    id_: str,
    text: str = "Hello",
    *,
    contact: str = "c1",
    subject: str = "",
    direction: Direction = Direction.IN,
    revision: int = 0,
    minutes: int = 0,
) -> TranscriptItem:
    return TranscriptItem(
        id=MessageId(id_),
        contact=ContactId(contact),
        at=NOON + timedelta(minutes=minutes),
        kind=ItemKind.MESSAGE,
        direction=direction,
        author=Author(role="customer" if direction is Direction.IN else "agent", id="ann"),
        channel=ChannelName("email"),
        inbox=InboxId("support"),
        subject=subject,
        text=text,
        revision=revision,
    )


def receipt(id_: str, reply: str, state: DeliveryState, *, minutes: int, contact: str = "c1") -> TranscriptItem:
    return TranscriptItem(
        id=MessageId(id_),
        contact=ContactId(contact),
        at=NOON + timedelta(minutes=minutes),
        kind=ItemKind.RECEIPT,
        direction=Direction.INTERNAL,
        author=Author(role="system"),
        channel=ChannelName("email"),
        inbox=InboxId("support"),
        delivery=state,
        reply=MessageId(reply),
    )


def person(id_: str, name: str, *addresses: str) -> Person:
    return Person(
        id=CustomerId(id_),
        name=name,
        identities=tuple(Identity(channel=ChannelName("email"), address=address) for address in addresses),
    )
