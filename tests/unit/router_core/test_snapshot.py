"""A snapshot is the state: what it gives goes on exactly as the desk that it was taken of."""

import gc
from dataclasses import fields, is_dataclass
from random import Random
from weakref import ref

import msgspec
import pytest

from frontline.contract.ids import CustomerId
from router.core.advance import next_due
from router.core.capacity import Agent
from router.core.clock import Clock
from router.core.contact import ASSIGNED, WAITING, Contact, Offer
from router.core.snapshot import CONTACTS_IN_BLOCK, UnreadableSnapshot, restore, save
from router.core.snapshot_contacts import ClockColumns, ContactColumns, OfferRow
from router.core.snapshot_rows import AgentRow, TermRow
from router.core.term import Term
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.test_properties import HAPPENINGS, a_life


@pytest.mark.parametrize(
    "held,row,left_out",
    [
        (Contact, ContactColumns, {"line", "place"}),
        (Clock, ClockColumns, {"target", "armed"}),
        (Offer, OfferRow, {"armed"}),
        (Agent, AgentRow, set()),
        (Term, TermRow, {"warnings"}),
    ],
)
def test_every_field_of_the_state_has_its_place_in_a_snapshot(held: type, row: type, left_out: set[str]) -> None:
    kept = set(row.__struct_fields__) - {"need", "current", "size", "running", "fractions", "follows"}  # type: ignore[attr-defined]
    names = {field.name for field in fields(held)} if is_dataclass(held) else set(held.__struct_fields__)  # type: ignore[attr-defined]
    assert names - left_out == kept


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
            assert all(each.place is not None for each in after.contacts.values() if each.phase == WAITING)
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
    contacts = msgspec.msgpack.decode(blocks[1])
    contacts[0] += 1  # one more than there are of their fields
    amiss = msgspec.msgpack.encode(contacts)
    for broken in (blocks[:2], [], [blocks[0], b"no block"], [b"no head"], [blocks[0], amiss, blocks[2]]):
        with pytest.raises(UnreadableSnapshot):
            restore(broken)


def test_values_that_many_contacts_have_are_read_as_one_and_all_fields_as_they_were() -> None:
    desk = Desk(settings("a"))
    for n in range(400):
        desk.opens(f"customer-{n % 300}")
    state = restore(save(desk.state))
    assert fingerprint(state) == fingerprint(desk.state)
    agents = [contact.agent for contact in state.contacts.values() if contact.agent is not None]
    assert len(agents) > 1
    assert all(agent is agents[0] for agent in agents)


class Traced(str):
    """An id of which it can be told whether somebody still has it."""

    __slots__ = ("__weakref__",)


def test_a_desk_that_nobody_needs_any_more_is_forgotten_with_its_contacts_though_nobody_collects_them() -> None:
    desk = Desk(settings("a"))
    contacts = [desk.opens(f"customer-{n}") for n in range(15)]
    desk.reply(contacts[0])
    restored, traces = restore(save(desk.state)), []
    for contact in (*desk.state.contacts.values(), *restored.contacts.values()):
        assert not any(gc.is_tracked(each) for each in (contact, *contact.clocks))
        contact.customer = CustomerId(Traced(contact.customer))
        traces.append(ref(contact.customer))
    assert {contact.phase for contact in restored.contacts.values()} == {WAITING, ASSIGNED}
    del desk, restored, contact
    gc.collect()
    assert not any(trace() for trace in traces)
