"""A contact that waits for its customer or a third party, and is given on all the same."""

import pytest

from frontline.contract.ids import AgentId
from router.core.capacity import AVAILABLE
from router.core.command import WaitFor
from router.core.contact import ASSIGNED, WAITING_CUSTOMER, WAITING_THIRD_PARTY
from router.core.desk_settings import AgentSettings
from router.core.event import WaitEnded
from tests.unit.router_core.driver import Desk, settings

FRENCH = AgentSettings(id=AgentId("b"), skills=("french",), available=True)


@pytest.mark.parametrize("waits", [WAITING_CUSTOMER, WAITING_THIRD_PARTY])
@pytest.mark.parametrize("to", ["b", ""])
def test_a_contact_that_waits_for_others_can_be_given_on_and_its_wait_is_over_then(waits: str, to: str) -> None:
    desk = Desk(settings("a", FRENCH))
    contact = desk.opens()
    desk.must(WaitFor(contact=contact, agent=AgentId("a"), state=waits))
    step = desk.transfer(contact, "a", to=to, skill="" if to else "french")
    assert step.refused is None
    assert [event.rule for event in step.events if isinstance(event, WaitEnded)] == ["agent"]
    assert (desk.contact(contact).phase, desk.holder(contact)) == (ASSIGNED, "b")
    assert desk.state.agents[AgentId("b")].state == AVAILABLE
    assert desk.agrees_with_its_log()
