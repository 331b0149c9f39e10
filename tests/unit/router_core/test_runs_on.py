"""A clock that ended while it stood still, and turns out not to have ended: it never stands still for ever."""

from datetime import timedelta

from frontline.contract.message import DeliveryState
from router.core.event_clock import ClockBreached
from tests.unit.router_core.sla_desk import BOTH, HOUR, PromisingDesk, promising, target


def desk() -> PromisingDesk:
    return PromisingDesk(promising(target("first_response", 4 * HOUR, pause_in=tuple(BOTH))))


def test_a_reply_to_a_waiting_contact_that_bounces_lets_the_clock_run_on() -> None:
    it = desk()
    contact = it.asks()
    it.wait(hours=1)
    it.waits(contact)
    it.wait(hours=1)
    reply = it.reply(contact)
    it.asks_again()
    it.wait(hours=1)
    it.delivery(contact, reply, DeliveryState.FAILED)
    clock = it.running(contact, "first_response")
    assert (clock.paused, clock.due_at - it.now) == (False, timedelta(hours=3))
    it.wait(hours=3, milliseconds=1)
    it.tick()
    (breach,) = it.told(ClockBreached)
    assert breach.at == clock.due_at


def test_resolved_while_it_waited_and_opened_again_the_clock_runs_on_with_what_was_left() -> None:
    it = desk()
    contact = it.asks()
    it.wait(hours=1)
    it.waits(contact)
    it.resolve(contact)
    it.wait(hours=5)
    it.reopen(contact)
    clock = it.running(contact, "first_response")
    assert (clock.paused, clock.due_at - it.now) == (False, timedelta(hours=3))
