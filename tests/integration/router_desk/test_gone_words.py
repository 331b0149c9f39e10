"""A reply that was decided, and whose words are not there to be sent."""

import pytest

from frontline.contract.error import Rejected
from frontline.contract.ids import MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.parked import drop, list_parked, release
from frontline.runtime.telemetry import logger
from router.core.command import SendReply
from router.core.event import ContactOpened
from router.desk.command_port import CommandRequest, ask
from tests.integration.router_desk.desk import (
    AGENT,
    EMAIL,
    INBOX,
    SUPPORT,
    desk_on,
    events,
    left_in_inbox,
    mail,
    send_in,
    until,
)


async def test_a_reply_whose_words_are_gone_is_parked_for_a_person_and_can_only_be_dropped(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        [opened] = await events(provisioned, ContactOpened)
        gone = SendReply(
            contact=opened.contact, reply=MessageId("r1"), agent=AGENT, channel=EMAIL, inbox=INBOX, draft=4711
        )
        await ask(provisioned, SUPPORT, replica.epoch, CommandRequest(command=gone, request="one"))
        await until(lambda: _parked(provisioned))
    [item] = await list_parked(provisioned)
    assert item.note.reason == "draft-missing"
    assert item.note.ids == {"desk": SUPPORT, "contact": opened.contact, "message": "r1"}
    with pytest.raises(Rejected, match="dropped only"):
        await release(provisioned, item.id, logger("test"))
    assert await drop(provisioned, item.id, "the agent was told", logger("test"))


async def _empty(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0


async def _parked(bus: Bus) -> bool:
    return bool(await list_parked(bus))
