"""Calls: greeting, waiting, being connected, voicemail, and how each of them is told to the desk."""

import asyncio

from frontline.contract.deskview import Range, Standing
from frontline.contract.ids import AgentId, ContactId
from frontline.contract.message import Automation, MessageKind
from frontline.contract.signal import Ring, StopRinging
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_phone.simulator.account import new_sid
from intake_phone.simulator.person import Person
from tests.integration.intake_phone.stage import AGENT, OURS, PATIENCE, SUPPORT, THEIRS, Stage, answering, until


async def wait(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await event.wait()


async def test_a_call_is_stored_at_once_when_the_caller_waits(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call()
        await wait(line.queued)
        (found,) = await stage.stored()
        line.hang_up()
        await wait(line.over)
    assert (found.kind, found.inbox, found.native_id) == (MessageKind.CALL, SUPPORT, line.sid)
    assert found.sender.address == THEIRS
    assert {(key.kind, key.value) for key in found.thread} >= {("call", line.sid)}
