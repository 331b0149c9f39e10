"""Which desk a process believes to have a contact, by what it has read of the desks' logs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry

from frontline.contract.error import SettingsError, Unavailable
from frontline.contract.ids import ContactId, DeskId, KeyHash
from frontline.runtime.telemetry import logger
from router.core.gone import Gone
from router.core.overlay import Position
from router.desk.figures import RouterFigures
from router.desk.holders import READ_UP_WITHIN, Holders, Whereabouts
from router.service import RouterSettings

A, B, C = DeskId("a"), DeskId("b"), DeskId("c")
CONTACT = ContactId("c-1")
AT = datetime(2030, 1, 1, tzinfo=UTC)


class Copy:
    """`behind` is what of its log has not been read yet."""

    def __init__(self, *here: ContactId, gone: Gone | None = None, behind: tuple[ContactId, ...] = ()) -> None:
        self.here = set(here)
        self.gone = gone
        self.behind = behind
        self.ends = True
        self.reads = 0
        self.placements: dict[KeyHash, ContactId] = {}
        self.lost = False

    def holds(self, contact: ContactId) -> bool:
        return contact in self.here

    def left(self, contact: ContactId) -> Gone | None:
        return self.gone if contact == CONTACT else None

    @property
    def floor(self) -> Position:
        return 1, self.reads

    def placed(self, key: KeyHash) -> ContactId | None:
        return self.placements.get(key)

    async def check(self) -> None:
        if self.lost:
            raise Unavailable("the log has lost its end")

    async def read_up(self) -> None:
        self.reads += 1
        if not self.ends:
            await asyncio.get_running_loop().create_future()
        self.here |= set(self.behind)


def known(registry: CollectorRegistry | None = None, within: timedelta = READ_UP_WITHIN, **copies: Copy) -> Holders:
    figures = RouterFigures(registry or CollectorRegistry())
    return Holders({DeskId(desk): copy for desk, copy in copies.items()}, figures, logger("test"), within)


async def test_a_contact_is_where_it_is_held_and_nothing_is_read_for_that() -> None:
    one, other = Copy(), Copy(CONTACT, gone=Gone(A, 1, AT))
    assert await known(a=one, b=other).find(A, {CONTACT}) == {CONTACT: Whereabouts(B)}
    assert (one.reads, other.reads) == (0, 0)


async def test_on_its_way_it_is_where_it_goes() -> None:
    found = await known(a=Copy(gone=Gone(B, 1, AT)), b=Copy()).find(B, {CONTACT})
    assert found == {CONTACT: Whereabouts(B, 1)}


async def test_of_all_its_ways_the_last_one_counts() -> None:
    found = await known(a=Copy(gone=Gone(B, 3, AT)), b=Copy(gone=Gone(A, 2, AT)), c=Copy()).find(C, {CONTACT})
    assert found == {CONTACT: Whereabouts(B, 3)}


async def test_closed_where_it_went_it_is_nowhere() -> None:
    one, other = Copy(gone=Gone(B, 1, AT)), Copy(gone=Gone(None, 1, AT))
    assert await known(a=one, b=other).find(A, {CONTACT}) == {}


async def test_of_a_contact_that_nobody_is_known_to_have_the_other_desks_are_read_up_before_it_counts_as_closed() -> (
    None
):
    one, other, third = Copy(), Copy(), Copy(behind=(CONTACT,))
    assert await known(a=one, b=other, c=third).find(A, {CONTACT}) == {CONTACT: Whereabouts(C)}
    assert (one.reads, other.reads, third.reads) == (0, 1, 1)


async def test_a_desk_whose_log_is_not_read_in_time_keeps_no_other_from_going_on() -> None:
    registry, other = CollectorRegistry(), Copy()
    other.ends = False
    assert await known(registry, timedelta(milliseconds=10), a=Copy(), b=other).find(A, {CONTACT}) == {}
    assert registry.get_sample_value("frontline_desk_behind_others_total", {"desk": A}) == 1


def test_how_long_is_waited_for_others_is_a_setting_and_not_less_than_nothing() -> None:
    assert RouterSettings().others_within == READ_UP_WITHIN
    with pytest.raises(SettingsError):
        RouterSettings(others_within=timedelta(milliseconds=-1))


async def test_whoever_can_not_ask_how_far_a_log_goes_says_so() -> None:
    class Cut(Copy):
        async def read_up(self) -> None:
            raise Unavailable("no connection")

    with pytest.raises(Unavailable):
        await known(a=Copy(), b=Cut()).find(A, {CONTACT})


async def test_a_message_went_where_whoever_decided_it_says() -> None:
    one, other = Copy(), Copy()
    other.placements[KeyHash("a")] = CONTACT
    desks = known(a=one, b=other)
    assert await desks.placed(KeyHash("a")) == CONTACT
    assert await desks.placed(KeyHash("b")) is None
    assert desks.floors() == {A: (1, 0), B: (1, 0)}


async def test_a_message_went_nowhere_by_what_a_log_has_lost_and_waits_until_that_is_known() -> None:
    other = Copy()
    other.placements[KeyHash("a")], other.lost = CONTACT, True
    desks = known(a=Copy(), b=other)
    with pytest.raises(Unavailable):
        await desks.placed(KeyHash("a"))
    other.lost = False
    other.placements.clear()
    assert await desks.placed(KeyHash("a")) is None
