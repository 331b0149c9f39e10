"""The desk looks at the first of a line only, to know whether a later ring is better: for all in it the answer is one."""

from datetime import timedelta
from itertools import pairwise, product

import msgspec
import pytest

from frontline.contract.ids import ChannelName, InboxId
from router.core import waiting
from router.core.command import ApplySettings
from router.core.desk_settings import DeskSettings, InboxSettings, RingSettings
from router.core.need import Need
from tests.unit.router_core.driver import Desk, settings

WIDER = [(True, False), (True, True), (False, False), (False, True)]
LINES = {"plain": (), "speaks": ("french",)}


def holds(before: tuple[bool, bool], after: tuple[bool, bool]) -> bool:
    return (before[0] or not after[0]) and (after[1] or not before[1])


def ringed_settings(*kinds: tuple[bool, bool]) -> DeskSettings:
    """With these rings: `skills` and `off_duty` of each."""
    rings = tuple(
        RingSettings(after=timedelta(minutes=n), skills=skills, off_duty=off_duty)
        for n, (skills, off_duty) in enumerate(kinds)
    )
    inboxes = [InboxSettings(channel=ChannelName("email"), id=InboxId(id_), skills=LINES[id_]) for id_ in LINES]
    return msgspec.structs.replace(settings(inboxes=inboxes), rings=rings)


def ringed(*kinds: tuple[bool, bool]) -> Desk:
    """With two contacts that nobody takes, of which one asks for a skill."""
    desk = Desk(ringed_settings(*kinds))
    for id_ in LINES:
        desk.opens(id_, inbox=InboxId(id_))
    return desk


@pytest.mark.parametrize("many", [1, 2, 3, 4])
def test_rule_2_5_who_waits_in_one_line_hopes_for_the_same_rings(many: int) -> None:
    for kinds in product(WIDER, repeat=many):
        if not all(holds(a, b) for a, b in pairwise(kinds)):
            continue
        desk, hopes = ringed(*kinds), dict[Need, set[Need]]()
        for contact, ring in product(desk.state.contacts.values(), range(many)):
            need = waiting.need_in(desk.state, contact, ring)
            later = {waiting.need_in(desk.state, contact, n) for n in range(ring + 1, many)} - {need}
            assert hopes.setdefault(need, later) == later, kinds


@pytest.mark.parametrize("before, after", [pair for pair in product(WIDER, repeat=2) if not holds(*pair)])
def test_rule_2_5_rings_that_do_not_hold_those_before_them_are_refused(
    before: tuple[bool, bool], after: tuple[bool, bool]
) -> None:
    step = Desk().ask(ApplySettings(settings=ringed_settings(before, after)))
    assert step.refused is not None
    assert step.refused.conflict == "invalid_settings"
