"""Rule 1.10: of who was erased the index keeps figures, and its file not one byte of words, names and addresses."""

from pathlib import Path

from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import DeliveryState
from frontline.contract.transcript import Direction
from router.core.command import EraseContact, EraseCustomer
from router.index.search import ContactQuery
from tests.unit.router_api.feeding import SUPPORT, Feed, index_in, person, receipt, said
from tests.unit.router_api.test_read_index import found, shown
from tests.unit.router_core.driver import Desk, settings

WORDS = ("Zyxophone", "quibblethorpe", "wembleford", "Jabberwick", "xanadu")
"""Each begins as nothing else does: the full-text index writes down only what differs from the word before."""


def traces(folder: Path) -> list[str]:
    """Which of the words stand in which file."""
    return [
        f"{word} in {file.name}"
        for file in sorted(folder.iterdir())
        for word in WORDS
        if word.lower().encode() in file.read_bytes().lower()
    ]


async def a_customer(feed: Feed) -> ContactId:
    """What they wrote, what they were told, what is known of them, and much from others around it."""
    for n in range(40):
        await feed.say(said(f"b{n}", f"Another one writes of number {n}. " * 20, contact=f"other-{n}"))
    contact = feed.desk.opens("ann")
    await feed.log()
    await feed.meet(person("ann", "Jabberwick", "jabberwick@one.example"))
    await feed.meet(person("ann", "Jabberwick", "jabberwick@one.example", "xanadu@two.example"))
    await feed.say(said("m1", "My Zyxophone burns. " * 300, contact=contact, subject="The quibblethorpe"))
    await feed.say(said("m1", "My Zyxophone burns down.", contact=contact, subject="The quibblethorpe", revision=1))
    await feed.say(said("r1", "Is it a wembleford?", contact=contact, direction=Direction.OUT))
    await feed.say(receipt("d1", "r1", DeliveryState.SENT, minutes=1, contact=contact))
    for n in range(40):
        await feed.say(said(f"a{n}", f"Yet another writes of number {n}. " * 20, contact=f"more-{n}"))
    return contact


async def test_rule_1_10_not_one_byte_of_an_erased_customer_is_left_in_the_index(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        contact = await a_customer(feed)
        assert {trace.split()[0] for trace in traces(tmp_path)} == set(WORDS)
        desk.must(EraseCustomer(customer=CustomerId("ann"), successor=CustomerId("new")))
        await feed.log()
        await feed.meet("ann")
        assert traces(tmp_path) == []
        assert await found(index, words="zyxophone") == []
        assert await found(index, words="jabberwick") == []
        assert index.read.transcript(contact, 0, 100) == []
        assert len(index.read.transcript(ContactId("other-3"), 0, 100)) == 1


async def test_rule_1_10_the_figures_of_an_erased_contact_stay_and_it_says_what_it_is(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        contact = await a_customer(feed)
        desk.change_lane(contact, "a", "vip", "xanadu shouts")
        desk.must(EraseContact(contact=contact))
        await feed.log()
        await feed.meet("ann")
        view = shown(index.read.contact(SUPPORT, contact))
        assert (view.state, view.subject, view.customer.name, view.assignment) == ("erased", "", "", None)
        assert [(clock.target, clock.outcome, clock.reason) for clock in view.clocks] == [
            ("first_response", "withdrawn", "erased")
        ]
        assert [why.rule for why in view.why] == ["erased"]
        assert view.priority_reason == ""
        page = await index.contacts(ContactQuery(desk=SUPPORT, states=("erased",)))
        assert [each.id for each in page.contacts] == [contact]
        assert traces(tmp_path) == []


async def test_rule_1_10_words_that_come_after_the_erasure_are_not_taken_in(tmp_path: Path) -> None:
    """The transcript is read by itself: it may be behind the log, or be read again from the start."""
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        contact = desk.opens("ann")
        desk.must(EraseContact(contact=contact))
        await feed.log()
        await feed.say(said("m1", "My Zyxophone burns.", contact=contact))
        assert index.read.transcript(contact, 0, 100) == []
        assert traces(tmp_path) == []


async def test_rule_1_10_an_index_that_ended_between_deleting_and_scrubbing_scrubs_when_it_is_opened(
    tmp_path: Path,
) -> None:
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        contact = await a_customer(feed)
        desk.must(EraseContact(contact=contact))
        seen = index.log_position(SUPPORT).seq
        index._writer.take_log(SUPPORT, feed.counted(seen), type(index.log_position(SUPPORT))(feed.seq, 1, desk.index))
        assert traces(tmp_path) != []
    with index_in(tmp_path) as index:
        left = [trace for trace in traces(tmp_path) if "abberwick" not in trace and "xanadu" not in trace]
        assert left == []  # the person has not been erased, the contact has
