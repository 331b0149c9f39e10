"""A leader's end for commands."""

import asyncio

import msgspec

from frontline.contract import subject
from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from router.core.command import SetAvailability
from router.desk.command_port import CommandPort, CommandReply, CommandRequest, ask
from tests.integration.router_desk.desk import SUPPORT

_COMMAND = CommandRequest(command=SetAvailability(agent=AgentId("ada"), state="available"))


async def test_a_command_that_wants_no_answer_is_decided_and_those_behind_it_as_well(provisioned: Bus) -> None:
    decided = 0

    async def decide(_: CommandRequest) -> CommandReply:
        nonlocal decided
        decided += 1
        return CommandReply(seq=decided)

    port = CommandPort(provisioned, SUPPORT, 1, decide)
    running = asyncio.create_task(port.run())
    await asyncio.sleep(0)
    await provisioned.nc.publish(subject.command(SUPPORT, 1), msgspec.json.encode(_COMMAND))
    assert (await ask(provisioned, SUPPORT, 1, _COMMAND)).seq == 2
    assert not running.done()
    running.cancel()
