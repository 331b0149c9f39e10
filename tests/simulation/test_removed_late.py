"""ADR 15: the server removes a consumer by its name, whenever that was sent. What comes late takes away a claim."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from frontline.contract import subject
from frontline.contract.ids import DeskId
from frontline.runtime.topology import stream_configs
from router.core.commit import Commit
from router.core.event import DeskDecision
from router.core.event_inbox import InboxReleased, InboxTaken
from tests.simulation.desk.between_promises import Between
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.firm import ASKED, EMAIL, SUPPORT
from tests.simulation.desk.firm_of_two import SALES, TOPOLOGY
from tests.simulation.virtual_loop import run_virtually

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
TAKEN = InboxTaken(at=AT, channel=EMAIL, inbox=ASKED, version=1)
RELEASED = InboxReleased(at=AT, channel=EMAIL, inbox=ASKED, version=1)


@pytest.mark.parametrize("late", [False, True])
def test_a_second_desk_may_take_an_inbox_only_if_the_removal_of_its_claim_came_late(late: bool) -> None:
    between, wrong = Between(), list[str]()

    async def run() -> None:
        broker = await _claimed_by(SALES)
        between.admit(SALES, _deciding(TAKEN), wrong, broker)
        _remove(broker, SALES, sent=0.5 if late else 1.0)
        _claim(broker, SUPPORT)
        between.admit(SUPPORT, _deciding(TAKEN), wrong, broker)
        if late:
            between.admit(SALES, _deciding(RELEASED), wrong, broker)
            between.admit(SUPPORT, _deciding(RELEASED), wrong, broker)

    run_virtually(run())
    assert wrong == ([] if late else [f"{SUPPORT}, commit 1.1: {ASKED} is taken, and desk {SALES} has it"])


def test_a_desk_whose_claim_was_removed_late_may_still_say_that_it_has_taken_what_another_one_has() -> None:
    between, wrong = Between(), list[str]()

    async def run() -> None:
        broker = await _claimed_by(SALES)
        _remove(broker, SALES, sent=0.5)
        _claim(broker, SUPPORT)
        between.admit(SUPPORT, _deciding(TAKEN), wrong, broker)
        between.admit(SALES, _deciding(TAKEN), wrong, broker)
        between.admit(SALES, _deciding(RELEASED), wrong, broker)
        between.admit(SUPPORT, _deciding(RELEASED), wrong, broker)

    run_virtually(run())
    assert wrong == []


def test_a_claim_that_is_made_again_is_no_longer_one_that_was_removed_late() -> None:
    between, wrong = Between(), list[str]()

    async def run() -> None:
        broker = await _claimed_by(SALES)
        _remove(broker, SALES, sent=0.5)
        _claim(broker, SALES)
        between.admit(SALES, _deciding(TAKEN), wrong, broker)
        between.admit(SUPPORT, _deciding(TAKEN), wrong, broker)

    run_virtually(run())
    assert wrong == [f"{SUPPORT}, commit 1.1: {ASKED} is taken, and desk {SALES} has it"]


async def _claimed_by(desk: DeskId) -> Broker:
    """A second after the start."""
    broker = Broker(stream_configs(TOPOLOGY), asyncio.get_running_loop().time)
    await asyncio.sleep(1.0)
    _claim(broker, desk)
    return broker


def _claim(broker: Broker, desk: DeskId) -> None:
    config = {"filter_subjects": [subject.inbound(EMAIL, ASKED)], "ack_wait": 5_000_000_000, "max_ack_pending": 10}
    _ask(broker, "CREATE", desk, {"config": config})


def _remove(broker: Broker, desk: DeskId, *, sent: float) -> None:
    _ask(broker, "DELETE", desk, {}, sent)


def _ask(broker: Broker, verb: str, desk: DeskId, what: object, sent: float | None = None) -> None:
    about = f"$JS.API.CONSUMER.{verb}.{subject.inbox_stream(EMAIL)}.{subject.desk_consumer(desk)}"
    broker.receive(about, "", msgspec.json.encode(what), None, sent)


def _deciding(event: DeskDecision) -> Commit:
    return Commit(epoch=1, index=1, now=AT, cause="moves", events=(event,))
