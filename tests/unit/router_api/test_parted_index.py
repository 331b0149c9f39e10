"""What was split off or moved, in the read index: in one contact, whichever way the index is built."""

from pathlib import Path

import msgspec
import pytest

from frontline.contract.ids import ContactId, CustomerId, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from frontline.contract.transcript import Direction, TranscriptItem
from router.core.command import EraseContact, EraseCustomer
from router.desk.erasing_moved import Moved
from router.index.search import ContactQuery
from tests.unit.router_api.feeding import SUPPORT, Feed, index_in, receipt, said
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.parting import move, split

Parted = tuple[Desk, ContactId, ContactId, list[TranscriptItem]]


def parted() -> Parted:
    """A contact, what was split off from it, and the lines of their transcripts as they are stored."""
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    other = desk.mail("ann", finds=[("thread", ThreadEvidence.TOKEN)])
    desk.must(other)
    new = split(desk, old, other.message)
    lines = [
        said("m-k1", "It burns.", contact=old, subject="Fire"),
        said("m-k2", "Where is my zyxophone?", contact=old, subject="Invoice"),
    ]
    copy = msgspec.structs.replace(lines[1], contact=new, moved=1, moved_from=old)
    return desk, old, new, [*lines, copy]


def texts(feed: Feed, contact: ContactId) -> list[str]:
    return [line.item.text for line in feed.index.read.transcript(contact, 0, 100)]


@pytest.mark.parametrize("log_first", [True, False])
async def test_a_moved_line_is_read_and_found_once_where_it_is_now(tmp_path: Path, log_first: bool) -> None:
    desk, old, new, lines = parted()
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        if log_first:
            await feed.log()
        await feed.say(*lines)
        await feed.say(lines[1])  # a repeat of where it was does not bring it back
        await feed.log()
        assert (texts(feed, old), texts(feed, new)) == (["It burns."], ["Where is my zyxophone?"])
        assert (index.read.subject(old), index.read.subject(new)) == ("Fire", "Invoice")
        page = await index.contacts(ContactQuery(desk=SUPPORT, words="zyxophone"))
        assert [contact.id for contact in page.contacts] == [new]
        assert [each.id for each in index.read.said(new)] == ["m-k2"]


async def test_the_subject_of_a_conversation_is_that_of_what_is_left_in_it(tmp_path: Path) -> None:
    desk, old, _, lines = parted()
    back = msgspec.structs.replace(lines[2], contact=old, moved=2)
    first = msgspec.structs.replace(lines[0], contact=ContactId("c-third"), moved=1)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.say(*lines, back, first)
        assert texts(feed, old) == ["Where is my zyxophone?"]
        assert index.read.subject(old) == "Invoice"


async def test_a_line_that_is_read_again_stays_where_it_was_moved_to(tmp_path: Path) -> None:
    desk, old, new, lines = parted()
    again = msgspec.structs.replace(lines[1], contact=new, text="Where is my invoice?", revision=1)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.say(*lines, again)
        assert (texts(feed, old), texts(feed, new)) == (["It burns."], ["Where is my invoice?"])


@pytest.mark.parametrize("log_first", [True, False])
async def test_what_was_moved_into_an_erased_contact_is_not_shown_where_it_was(tmp_path: Path, log_first: bool) -> None:
    desk, old, new, lines = parted()
    desk.must(EraseContact(contact=new))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        if log_first:
            await feed.log()
        await feed.say(*lines[:2])  # the line of the erased contact is gone
        await feed.log()
        assert (texts(feed, old), texts(feed, new)) == (["It burns."], [])


@pytest.mark.parametrize("log_first", [True, False])
async def test_rule_1_10_of_lines_that_were_moved_into_an_erased_contact_nothing_is_left_where_they_were(
    tmp_path: Path, log_first: bool
) -> None:
    """The copy there may be all that the index has read: with its receipts, acknowledgement, and the subject that it gave."""
    desk, old, new, lines = parted()
    third = desk.opens("bob", key="k3")
    assert move(desk, new, lines[1].id, third).refused is None
    desk.must(EraseContact(contact=third))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        if log_first:
            await feed.log()
        title = msgspec.structs.replace(lines[1], subject="Xanadu")
        told = said("a-k2", "About xanadu", contact=old, direction=Direction.OUT)
        await feed.say(title, told, receipt("d1", lines[1].id, DeliveryState.SENT, minutes=1, contact=old), lines[0])
        await feed.log()
        await feed.say(msgspec.structs.replace(title, contact=new, moved=1, moved_from=old))
        assert (texts(feed, old), texts(feed, new), texts(feed, third)) == (["It burns."], [], [])
        assert index.read.subject(old) == "Fire"
        assert (await index.contacts(ContactQuery(desk=SUPPORT, words="xanadu"))).contacts == []
        places = index.read.moved_of([third]).gone
        assert places == {lines[1].id: {old, new, third}}


@pytest.mark.parametrize("log_first", [True, False])
@pytest.mark.parametrize("customer_first", [True, False])
async def test_rule_1_10_lines_of_an_erased_customer_go_from_others_contacts_and_others_lines_stay(
    tmp_path: Path, log_first: bool, customer_first: bool
) -> None:
    desk = Desk(settings("a"))
    anns, bobs = desk.opens("ann", binds=["thread"]), desk.opens("bob", key="bobs")
    for customer, key in (("ann", "hers"), ("bob", "his")):
        desk.must(desk.mail(customer, key=key, finds=[("thread", ThreadEvidence.TOKEN)]))
    reply = desk.reply(anns)
    gone, stays = [MessageId("m-hers"), reply], MessageId("m-his")
    for id_ in (*gone, stays):
        step = move(desk, anns, id_, bobs)
        assert step.refused is None
    erasures: list[EraseCustomer | EraseContact] = [
        EraseCustomer(customer=CustomerId("ann"), successor=CustomerId("new")),
        EraseContact(contact=anns),
    ]
    for erasure in erasures if customer_first else reversed(erasures):
        desk.must(erasure)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        if log_first:
            await feed.log()
        words = {gone[0]: "Xanadu", reply: "On xanadu", stays: "His own"}
        for id_, text in words.items():
            before = said(id_, text, contact=anns, subject=text)
            await feed.say(before, msgspec.structs.replace(before, contact=bobs, moved=1, moved_from=anns))
        await feed.say(receipt("d1", reply, DeliveryState.SENT, minutes=1, contact=bobs))
        assert len(texts(feed, bobs)) == (1 if log_first else 4)
        await feed.log()
        assert (texts(feed, anns), texts(feed, bobs)) == ([], ["His own"])
        assert index.read.subject(bobs) == "His own"
        assert [file.name for file in tmp_path.iterdir() if b"anadu" in file.read_bytes()] == []
        assert index.read.moved_of([anns]) == Moved(dict.fromkeys(gone, frozenset({anns, bobs})), frozenset({stays}))
        assert index.read.erased_of(CustomerId("ann")) == [anns]
