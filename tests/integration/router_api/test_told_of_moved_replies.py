"""What becomes of a reply is told where the reply is, also if it comes again, or if one of its contacts was erased."""

from pathlib import Path

from frontline.contract.codec import to_milliseconds
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState
from frontline.contract.transcript import ItemKind
from frontline.runtime.bus import Bus
from frontline.runtime.erasing import erase as remove
from frontline.runtime.reader import read
from frontline.runtime.topology import OUTBOX
from router.core.command import RecordDelivery
from router.core.event import DeliveryRecorded
from router.desk.command_port import CommandRequest, ask
from tests.integration.router_api.test_erasing import AT_ONCE, all_is_erased
from tests.integration.router_api.test_erasing_moved import keys_are_left_to_the_buckets
from tests.integration.router_api.test_parting import about_two_things, receipt_of, report
from tests.integration.router_api.world import World, world
from tests.integration.router_desk.desk import SIGNER, SUPPORT, all_transcripts, events, left_in_inbox, until


async def test_what_became_of_a_moved_reply_is_told_nowhere_else_when_it_comes_again(
    provisioned: Bus, tmp_path: Path
) -> None:
    """After a crash between the decision and the words."""
    async with world(provisioned, tmp_path) as there:
        old, new, reply = await split(there)
        receipt = receipt_of(reply, old, DeliveryState.SENT)
        command = RecordDelivery(
            receipt=receipt.id,
            key=SIGNER.key_hash("key", receipt.key),
            reply=reply,
            contact=old,
            state=receipt.state,
            at=to_milliseconds(receipt.times.received),
            finds=SIGNER.key_hash("reply", reply),
        )
        await ask(provisioned, SUPPORT, 1, CommandRequest(command=command, request="once"))
        assert [event.contact for event in await events(provisioned, DeliveryRecorded)] == [new]
        await tell(provisioned, reply, old)
        assert await told(provisioned) == [new]


async def test_rule_1_10_what_became_of_a_moved_reply_is_told_though_the_contact_it_was_sent_from_is_erased(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        old, new, reply = await split(there)
        await erase(there, old)
        await tell(provisioned, reply, old)
        assert await told(provisioned) == [new]


async def test_rule_1_10_what_became_of_a_reply_that_was_erased_is_not_told_where_it_was_sent_from(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path, **AT_ONCE) as there:
        old, new, reply = await split(there)
        await until(lambda: keys_are_left_to_the_buckets(provisioned))
        await erase(there, new)
        await tell(provisioned, reply, old)
        assert await told(provisioned) == []


async def split(there: World) -> tuple[ContactId, ContactId, MessageId]:
    """A contact, the one that was split off from it, and a reply that went there."""
    agent = there.client()
    old, from_seq, reply = await about_two_things(there, agent)
    done = await agent.post(f"/api/contacts/{old}/split", {"from_seq": from_seq})
    assert done.status == 201, done.body
    await there.index.wait_for(SUPPORT, done.seq, 20)
    await remove(there.bus, OUTBOX, [item.seq async for item in read(there.bus, OUTBOX, "outbound.>")])  # delivered
    return old, ContactId(done.body["id"]), reply


async def erase(there: World, contact: ContactId) -> None:
    asked = await there.client().post(f"/api/contacts/{contact}/erase")
    assert asked.status == 202, asked.body
    await until(lambda: all_is_erased(there.bus), 60)


async def tell(bus: Bus, reply: MessageId, contact: ContactId) -> None:
    await report(bus, reply, contact, DeliveryState.SENT)

    async def is_acknowledged() -> bool:
        return await left_in_inbox(bus) == 0

    await until(is_acknowledged)


async def told(bus: Bus) -> list[ContactId]:
    return [item.contact for item in await all_transcripts(bus) if item.kind is ItemKind.RECEIPT]
