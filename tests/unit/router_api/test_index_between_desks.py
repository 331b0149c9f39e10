"""A contact that went from desk to desk in the index: once, where it is, with all that happened to it."""

from pathlib import Path

import msgspec
import pytest

from frontline.contract.ids import ContactId, CustomerId, DeskId, InboxId
from frontline.contract.message import DeliveryState
from router.core.command import EraseContact
from router.index.read_index import ReadIndex
from router.index.search import ContactQuery
from router.index.shape import Contact
from tests.unit.router_api.feeding import Feed, index_in, said
from tests.unit.router_core.driver import Desk
from tests.unit.router_core.two_desks import World, desk

A, B = DeskId("a"), DeskId("b")


def moved() -> tuple[World, Desk, Desk, ContactId]:
    one, other = desk("a", "ann-a"), desk("b", "bob-b")
    world = World(one, other)
    contact = one.opens("customer", binds=["thread"], inbox=InboxId("a"))
    world.wait(minutes=1)
    world.hand(contact, "ann-a", "b")
    return world, one, other, contact


def shown(index: ReadIndex, at: DeskId, contact: ContactId) -> Contact | None:
    found = index.read.contact(at, contact)
    return None if found is None else msgspec.json.decode(msgspec.json.encode(found), type=Contact)


async def listed(index: ReadIndex, at: DeskId, **asked: object) -> list[str]:
    page = await index.contacts(msgspec.convert({"desk": at, **asked}, ContactQuery))
    return [contact.id for contact in page.contacts]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_it_is_shown_once_at_the_desk_that_has_it_whichever_log_is_read_first(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    world, one, other, contact = moved()
    other.reply(contact, "bob-b")
    with index_in(tmp_path) as index:
        feeds = (Feed(index, one, A), Feed(index, other, B))
        for place in order:
            await feeds[place].log()
        await feeds[0].say(said("m1", contact=contact, subject="Printer on fire"))
        assert shown(index, A, contact) is None
        view = shown(index, B, contact)
        assert view is not None
        assert (view.desk, view.inbox, view.state, view.subject) == ("b", "a", "assigned", "Printer on fire")
        assert view.assignment is not None
        assert view.assignment.agent == "bob-b"
        assert [why.rule for why in view.why] == [
            "longest_idle",
            "transferred",
            "transfer",
            "transferred",
            "taken",
            "longest_idle",
        ]
        [clock] = view.clocks
        assert (clock.target, clock.policy, clock.outcome) == ("first_response", "a-policy", "met")
        assert clock.intervals[0][0] == clock.started_at == view.opened_at
        assert (await listed(index, A), await listed(index, B)) == ([], [contact])
        assert (index.read.waiting(A), index.read.in_hand(A), index.read.in_hand(B)) == ({}, {}, {"bob-b": 1})
        assert index.read.history(A, ContactId("other"), CustomerId("customer")) == ()
    assert world.holder(contact) is other


async def test_it_can_come_back_and_shows_both_ways(tmp_path: Path) -> None:
    world, one, other, contact = moved()
    world.hand(contact, "bob-b", "a")
    with index_in(tmp_path) as index:
        await Feed(index, other, B).log()
        await Feed(index, one, A).log()
        view = shown(index, A, contact)
        assert view is not None
        assert shown(index, B, contact) is None
        assert [why.text for why in view.why if why.rule == "taken"] == [
            "given by desk a, as ann-a says",
            "given by desk b, as bob-b says",
        ]
        assert [clock.outcome for clock in view.clocks] == [None]
        assert await listed(index, A) == [contact]


async def test_a_clock_that_ended_before_tells_its_end_and_one_that_runs_on_tells_that(tmp_path: Path) -> None:
    one, other = desk("a", "ann-a"), desk("b", "bob-b")
    world = World(one, other)
    contact = one.opens("customer", inbox=InboxId("a"))
    one.wait(minutes=5)
    reply = one.reply(contact, "ann-a")
    met_at = one.now
    world.hand(contact, "ann-a", "b")
    with index_in(tmp_path) as index:
        feeds = (Feed(index, other, B), Feed(index, one, A))
        for feed in feeds:
            await feed.log()
        view = shown(index, B, contact)
        assert view is not None
        [clock] = view.clocks
        assert (clock.outcome, clock.met_at) == (
            "met",
            met_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        )
        other.now = one.now
        other.delivery(contact, reply, DeliveryState.FAILED)
        await feeds[0].log()
        view = shown(index, B, contact)
        assert view is not None
        [clock] = view.clocks
        assert (clock.outcome, clock.met_at, clock.reason) == (None, None, "bounced")


async def test_a_desk_that_is_asked_and_says_no_is_in_its_history(tmp_path: Path) -> None:
    one, other = desk("a", "ann-a"), Desk(name="b")
    world = World(one, other)
    contact = one.opens("customer", inbox=InboxId("a"))
    world.hand(contact, "ann-a", "b")
    with index_in(tmp_path) as index:
        await Feed(index, one, A).log()
        view = shown(index, A, contact)
        assert view is not None
        assert "not given to desk b: it is not set up" in [why.text for why in view.why]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_is_erased_where_it_went_is_erased_where_it_was(tmp_path: Path, order: tuple[int, int]) -> None:
    _, one, other, contact = moved()
    other.must(EraseContact(contact=contact))
    with index_in(tmp_path) as index:
        feeds = (Feed(index, one, A), Feed(index, other, B))
        for place in order:
            await feeds[place].log()
        view = shown(index, B, contact)
        assert view is not None
        assert [why.rule for why in view.why] == ["erased"]
        left = index.read.row(A, contact)
        assert left is not None
        assert (left.why, left.priority_reason) == ((), "")
