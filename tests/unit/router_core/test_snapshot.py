"""A snapshot is the state: what it gives goes on exactly as the desk that it was taken of."""

from dataclasses import fields
from random import Random

import pytest

from router.core.advance import next_due
from router.core.capacity import Agent
from router.core.clock import Clock
from router.core.contact import Contact, Offer
from router.core.snapshot import CONTACTS_IN_BLOCK, UnreadableSnapshot, restore, save
from router.core.snapshot_rows import AgentRow, ClockRow, ContactRow, OfferRow, TermRow
from router.core.state import fingerprint
from router.core.term import Term
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.test_properties import HAPPENINGS, a_life


@pytest.mark.parametrize(
    "held,row,left_out",
    [
        (Contact, ContactRow, {"line", "place"}),
        (Clock, ClockRow, {"armed"}),
        (Offer, OfferRow, {"armed"}),
        (Agent, AgentRow, set()),
        (Term, TermRow, {"warnings"}),
    ],
)
def test_every_field_of_the_state_has_its_place_in_a_snapshot(held: type, row: type, left_out: set[str]) -> None:
    kept = set(row.__struct_fields__) - {"need", "current"}  # type: ignore[attr-defined]
    assert {field.name for field in fields(held)} - left_out == kept


@pytest.mark.parametrize("seed", range(12))
def test_a_restored_desk_is_the_desk_and_lives_on_the_same(seed: int) -> None:
    dice = Random(seed)
    life = a_life(dice)
    for moment in range(120):
        dice.choices(*zip(*HAPPENINGS, strict=True))[0](life, dice)
        if moment % 20 == 19:
            before = life.desk.state
            after = restore(save(before))
            assert fingerprint(after) == fingerprint(before)
            assert list(save(after)) == list(save(before))
            assert next_due(after) is None or next_due(after) == after.now or next_due(after) == next_due(before)
            life.desk.state = after
            life.holds()
    life.ends()


def test_a_snapshot_comes_in_blocks_and_with_every_contact() -> None:
    desk = Desk(settings("a"))
    for n in range(CONTACTS_IN_BLOCK + 1):
        desk.opens(f"customer-{n}")
    blocks = list(save(desk.state))
    assert len(blocks) == 3
    assert fingerprint(restore(blocks)) == fingerprint(desk.state)


def test_a_snapshot_that_lost_its_end_is_unreadable_and_not_half_a_desk() -> None:
    desk = Desk(settings("a"))
    for n in range(CONTACTS_IN_BLOCK + 1):
        desk.opens(f"customer-{n}")
    blocks = list(save(desk.state))
    for broken in (blocks[:2], [], [blocks[0], b"no block"], [b"no head"]):
        with pytest.raises(UnreadableSnapshot):
            restore(broken)
