"""The index's one writer: takes what the streams bring, a batch a transaction, with the place reached."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from frontline.contract.error import Rejected
from frontline.contract.ids import AgentId, ContactId, CustomerId, DeskId, MessageId
from frontline.contract.transcript import decode_item
from frontline.runtime.reader import Stored
from router.core.event_erased import ContactErased, CustomerErased
from router.core.event_move import MessagesTaken
from router.desk.fence import Counted, mark_of
from router.index.erasing import cut_off, erase_moved, erase_words, is_erased, merge_some, scrub, want, wanted
from router.index.moves import lose, save_moves
from router.index.projection import Place, agents_after, contact_after, contact_of, words_of
from router.index.rota import load_rota, rota_after, save_rota
from router.index.said import save_said
from router.index.table import forget_reasons, load_agents, load_contact, save_agents, save_contacts
from router.index.words import save_item, save_person

if TYPE_CHECKING:
    from router.core.event import DeskDecision
    from router.index.row import AgentRow, ContactRow

TRANSCRIPT = "transcript"
PEOPLE = "people"


class Position(msgspec.Struct, frozen=True):
    """How far a stream has been taken in; for a log also the epoch and the index counted last."""

    seq: int = 0
    epoch: int = 0
    index: int = 0
    mark: str = ""
    """Of what lies at `seq`."""


@dataclass(frozen=True, slots=True)
class Word:
    """The log at `seq`, stored at `stored`, says that the item `words` of `contact` will come."""

    contact: ContactId
    words: MessageId
    seq: int
    stored: datetime


@dataclass(slots=True)
class Taken:
    """What a batch brought: how far the stream is read now, what it announced, and what it brought."""

    position: Position
    announced: list[Word] = field(default_factory=list)
    arrived: list[MessageId] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    """Sequences of what this code could not decode; they are passed over."""


class Writer:
    """Lives in the thread that owns `connection`. Whatever was taken in before changes nothing again."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._positions = {
            stream: Position(seq, epoch, number, mark)
            for stream, seq, epoch, number, mark in connection.execute(
                "SELECT stream, seq, epoch, number, mark FROM position"
            )
        }
        if wanted(connection):
            scrub(connection)

    def position(self, stream: str) -> Position:
        return self._positions.get(stream, Position())

    def take_log(self, desk: DeskId, batch: Sequence[Counted], reached: Position) -> Taken:
        """`batch` is what counts up to `reached`, which may lie behind its last commit: a log also
        holds epoch records and commits that do not count.
        """
        stream = log_of(desk)
        taken = Taken(self.position(stream))
        if reached.seq <= taken.position.seq:
            return taken
        fresh = [counted for counted in batch if counted.seq > taken.position.seq]
        taken.position = reached
        contacts: dict[ContactId, ContactRow | None] = {}
        erased: list[ContactId] = []
        strangers: list[CustomerId] = []
        agents: Mapping[AgentId, AgentRow] | None = None
        known = load_agents(self._connection, desk)
        rota = former_rota = load_rota(self._connection, desk)
        spoken: list[tuple[ContactId, int, DeskDecision]] = []
        for counted in fresh:
            for n, event in enumerate(counted.commit.events):
                contact = contact_of(event)
                if contact is None:
                    if isinstance(event, CustomerErased):
                        strangers.append(event.customer)
                    agents = agents_after(known if agents is None else agents, event)
                    rota = rota_after(rota, event)
                    continue
                if contact not in contacts:
                    contacts[contact] = load_contact(self._connection, desk, contact)
                place = Place(desk, counted.seq, n, counted.commit.now)
                contacts[contact] = contact_after(contacts[contact], event, place)
                if isinstance(event, ContactErased):
                    erased.append(contact)
                spoken.append((contact, place.ordinal, event))
                taken.announced += [
                    Word(contact, written_as(*words), counted.seq, counted.at)
                    for words in words_of(event)
                    if not self._holds(*words)
                ]
                if isinstance(event, MessagesTaken):  # where they were they are shown until they stand elsewhere
                    taken.announced += [
                        Word(event.origin, gone_as(item.id, item.moves), counted.seq, counted.at)
                        for item in event.items
                        if not self._holds(item.id, item.moves)
                    ]
        with self._transaction(stream, reached):
            save_contacts(self._connection, (row for row in contacts.values() if row is not None))
            for said in spoken:
                save_said(self._connection, *said)
                save_moves(self._connection, said[2])
            moved = [item.id for *_, event in spoken if isinstance(event, MessagesTaken) for item in event.items]
            erase_moved(self._connection, lose(self._connection, moved))
            erase_words(self._connection, erased, strangers)
            gone = (id_ for id_, row in contacts.items() if row is not None and row.moved_to is not None)
            forget_reasons(self._connection, {*erased, *gone})
            if agents is not None and agents != known:
                save_agents(self._connection, desk, agents)
            if rota is not former_rota:
                save_rota(self._connection, desk, rota)
        return taken

    def take_items(self, batch: Sequence[Stored]) -> Taken:
        taken = Taken(self.position(TRANSCRIPT))
        fresh = [stored for stored in batch if stored.seq > taken.position.seq]
        if not fresh:
            return taken
        taken.position = Position(fresh[-1].seq, mark=mark_of(fresh[-1].data))
        with self._transaction(TRANSCRIPT, taken.position):
            for stored in fresh:
                try:
                    item = decode_item(stored.data)
                except Rejected:
                    taken.unreadable.append(stored.seq)
                    continue
                taken.arrived += [written_as(item.id, item.moved), gone_as(item.id, item.moved)]
                if not is_erased(self._connection, item):
                    save_item(self._connection, stored, item)
        return taken

    def take_people(self, batch: Sequence[Stored]) -> Taken:
        taken = Taken(self.position(PEOPLE))
        fresh = [stored for stored in batch if stored.seq > taken.position.seq]
        if not fresh:
            return taken
        taken.position = Position(fresh[-1].seq, mark=mark_of(fresh[-1].data))
        with self._transaction(PEOPLE, taken.position):
            for stored in fresh:
                try:
                    save_person(self._connection, stored)
                    if not stored.data:
                        want(self._connection)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    taken.unreadable.append(stored.seq)
        return taken

    def scrub_wanted(self) -> bool:
        """Whether something was erased of which bytes may be left: see `erasing.py`, and call its parts in this thread."""
        return wanted(self._connection)

    def merge_some(self, *, begin: bool) -> bool:
        return merge_some(self._connection, begin=begin)

    def cut_off(self) -> bool:
        return cut_off(self._connection)

    def _holds(self, words: MessageId, moved: int) -> bool:
        found = self._connection.execute("SELECT 1 FROM item WHERE id = ? AND moved >= ?", (words, moved)).fetchone()
        return found is not None

    @contextmanager
    def _transaction(self, stream: str, position: Position) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute(
                "INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?)",
                (stream, position.seq, position.epoch, position.index, position.mark),
            )
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._positions[stream] = position


def written_as(words: MessageId, moved: int) -> MessageId:
    """By what an item is announced and arrives: where it was first, or where it was moved to."""
    return MessageId(f"{words}.{moved}") if moved else words


def gone_as(words: MessageId, moved: int) -> MessageId:
    """By what it is announced, and known to be gone, where it was before."""
    return MessageId(f"{words}.{moved}.gone")


def log_of(desk: DeskId) -> str:
    """The name of a desk's log among the positions."""
    return f"log {desk}"
