"""A customer who opens a contact is told that we have it: once, and never by a loop."""

import msgspec
import pytest

from frontline.contract.message import Automation, InboundMessage, OutboundKind
from frontline.runtime.bus import Bus
from router.core.contact import ASSIGNED
from tests.integration.router_desk import desk as desks
from tests.integration.router_desk.desk import answers, desk_on, left_in_inbox, mail, outbox, send_in, until


@pytest.fixture(autouse=True)
def acknowledging(monkeypatch: pytest.MonkeyPatch) -> None:
    (desk,) = desks.CONFIGURATION.desks
    inboxes = tuple(msgspec.structs.replace(inbox, acknowledge=True) for inbox in desk.inboxes)
    changed = msgspec.structs.replace(desks.CONFIGURATION, desks=(msgspec.structs.replace(desk, inboxes=inboxes),))
    monkeypatch.setattr(desks, "CONFIGURATION", changed)


async def taken_in(bus: Bus, *messages: InboundMessage) -> None:
    for message in messages:
        await send_in(bus, message)

    async def all_are_acknowledged_to_the_server() -> bool:
        return await left_in_inbox(bus) == 0

    await until(all_are_acknowledged_to_the_server)


async def test_the_first_message_is_acknowledged_with_the_promise_that_the_clock_makes(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        first = mail("<1@one.example>")
        await taken_in(provisioned, first, mail("<2@one.example>", thread=(answers("<1@one.example>"),)))
        (letter,) = await outbox(provisioned)
        assert replica.leader is not None
        (contact,) = replica.leader.loop.state.contacts.values()
        (clock,) = contact.clocks
    assert (letter.kind, letter.to[0].address, letter.contact) == (
        OutboundKind.ACKNOWLEDGEMENT,
        "customer@one.example",
        contact.id,
    )
    assert f"{clock.due_at:%H:%M} UTC" in letter.text
    assert letter.thread[0].native_id == first.native_id
    assert (contact.phase, clock.end) == (ASSIGNED, "")  # it is nobody's answer


async def test_no_machine_list_or_loop_gets_one(provisioned: Bus) -> None:
    def said(native_id: str, **more: object) -> InboundMessage:
        return msgspec.structs.replace(mail(native_id), **more)

    async with desk_on(provisioned):
        await taken_in(
            provisioned,
            said("<1@one.example>", automation=Automation.AUTO_REPLIED),
            said("<2@one.example>", native={"quiet": ["a mailing list"]}),
        )
        assert await outbox(provisioned) == []


async def test_a_message_that_comes_again_to_another_leader_is_acknowledged_under_the_same_id(provisioned: Bus) -> None:
    """So the channel, which notes every attempt by that id, sends it once."""
    async with desk_on(provisioned):
        await taken_in(provisioned, mail("<1@one.example>"))
    (first,) = await outbox(provisioned)
    await provisioned.nc.jetstream().purge_stream("OUTBOX")
    async with desk_on(provisioned, holder="two"):
        await taken_in(provisioned, msgspec.structs.replace(mail("<1@one.example>"), flaw="again"))
        assert {letter.id for letter in await outbox(provisioned)} <= {first.id}
