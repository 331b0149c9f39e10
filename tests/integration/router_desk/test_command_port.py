"""A leader's end for commands."""

import asyncio

import msgspec
from prometheus_client import CollectorRegistry

from frontline.contract import subject
from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from frontline.runtime.telemetry import logger
from router.core.command import SetAvailability
from router.desk.command_port import CommandPort, CommandReply, CommandRequest, Decide, ask
from router.desk.figures import RouterFigures
from tests.integration.router_desk.desk import SUPPORT

_COMMAND = CommandRequest(command=SetAvailability(agent=AgentId("ada"), state="available"))


def port_on(bus: Bus, decide: Decide, registry: CollectorRegistry | None = None) -> CommandPort:
    figures = RouterFigures(registry or CollectorRegistry())
    return CommandPort(bus, SUPPORT, 1, decide, figures=figures, log=logger("test"))


async def test_a_command_that_wants_no_answer_is_decided_and_those_behind_it_as_well(provisioned: Bus) -> None:
    decided = 0

    async def decide(_: CommandRequest) -> CommandReply:
        nonlocal decided
        decided += 1
        return CommandReply(seq=decided)

    port = port_on(provisioned, decide)
    running = asyncio.create_task(port.run())
    await asyncio.sleep(0)
    await provisioned.nc.publish(subject.command(SUPPORT, 1), msgspec.json.encode(_COMMAND))
    assert (await ask(provisioned, SUPPORT, 1, _COMMAND)).seq == 2
    assert not running.done()
    running.cancel()


async def test_an_answer_that_can_not_be_sent_any_more_is_counted_and_one_that_nobody_wants_is_not(
    provisioned: Bus,
) -> None:
    registry, cut = CollectorRegistry(), asyncio.Event()

    async def decide(request: CommandRequest) -> CommandReply:
        if request.request:
            await provisioned.nc.close()
            cut.set()
        return CommandReply(seq=1)

    def lost() -> float | None:
        return registry.get_sample_value("frontline_desk_answers_not_sent_total", {"desk": SUPPORT})

    port = port_on(provisioned, decide, registry)
    running = asyncio.create_task(port.run())
    await asyncio.sleep(0)
    last = msgspec.structs.replace(_COMMAND, request="the last one")
    await provisioned.nc.publish(subject.command(SUPPORT, 1), msgspec.json.encode(_COMMAND))
    await ask(provisioned, SUPPORT, 1, _COMMAND)
    assert lost() is None
    await provisioned.nc.publish(subject.command(SUPPORT, 1), msgspec.json.encode(last), reply="whoever")
    async with asyncio.timeout(30):
        await cut.wait()
        while not lost():
            await asyncio.sleep(0)
    assert lost() == 1
    running.cancel()
