"""ADR 21: a contact that came in a lost end, and of which the parcel was purged since, comes to no desk again."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from frontline.contract import subject
from frontline.contract.ids import ContactId, CustomerId, KeyHash, MessageId
from frontline.runtime.topology import stream_configs
from router.core.commit import Commit
from router.core.event import ContactOpened, MessageReceived
from tests.simulation.desk.between_promises import Between
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.firm import CHAT, SUPPORT, TALK
from tests.simulation.desk.firm_of_two import SALES, TOPOLOGY

LOST, OPENED = ContactId("c1"), ContactId("c2")
CUSTOMER, NAMED = CustomerId("u1"), KeyHash("a" * 40)
AT = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("purged", [False, True])
def test_a_chat_begins_anew_beside_one_on_its_way_only_once_its_parcel_was_purged(purged: bool) -> None:
    broker = Broker(stream_configs(TOPOLOGY), lambda: 0.0)
    broker.receive(subject.desk_log(SUPPORT), "", b"the parcel", None)
    between = Between()
    between._inboxes[CHAT, TALK] = SUPPORT
    between._bound[NAMED] = LOST
    between.on_the_way[LOST] = cast("Any", "its parcel")
    between.torn_apart.add(LOST)
    between._given_at[LOST] = SUPPORT, 1
    if purged:
        broker.streams[subject.desk_stream(SUPPORT)].delete(1)
    wrong: list[str] = []
    between.admit(SUPPORT, _opening(), wrong, broker)
    assert [f"{OPENED} is opened beside {LOST}" in each for each in wrong] == ([] if purged else [True])


@pytest.mark.parametrize("purged", [False, True])
def test_what_a_desk_had_before_is_astray_unless_the_parcel_by_which_it_was_to_come_back_was_purged(
    purged: bool,
) -> None:
    broker = Broker(stream_configs(TOPOLOGY), lambda: 0.0)
    broker.receive(subject.desk_log(SUPPORT), "", b"the parcel", None)
    between = Between()
    between.on_the_way[LOST] = cast("Any", "its parcel")
    between.torn_apart.add(LOST)
    between._given_at[LOST] = SUPPORT, 1
    if purged:
        broker.streams[subject.desk_stream(SUPPORT)].delete(1)
    between.left_over[LOST] = {SALES}
    assert bool(between.astray(broker)) is not purged
    assert between.kept(broker) == ({LOST: SALES} if purged else {})
    between.left_over[LOST] = {SALES, SUPPORT}
    assert between.astray(broker), "who gave it has it still"


def _opening() -> Commit:
    message = MessageReceived(
        at=AT,
        contact=OPENED,
        message=MessageId("m2"),
        key=KeyHash("b" * 40),
        customer=CUSTOMER,
        channel=CHAT,
        inbox=TALK,
        keys=(NAMED,),
    )
    opened = ContactOpened(at=AT, contact=OPENED, channel=CHAT, inbox=TALK, customer=CUSTOMER, lane="normal")
    return Commit(epoch=1, index=1, now=AT, cause="m2", events=(opened, message))
