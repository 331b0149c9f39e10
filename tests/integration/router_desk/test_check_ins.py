"""A customer of whom nothing is heard is written to: by automatic mail, once, over crashes too, and never who wants none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from frontline.configuration.check_in import CheckIn
from frontline.contract.ids import ContactId, CustomerId, MessageId
from frontline.contract.message import OutboundKind, ThreadEvidence, ThreadKey
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import THREADS
from router.core.command import ReopenContact, ResolveContact
from router.core.event_check_in import CheckInDue
from router.desk.bindings import Bindings
from router.desk.checking_in import CheckInWriter
from router.desk.command_port import CommandRequest, ask
from router.desk.effects import stored
from router.desk.figures import RouterFigures
from router.desk.opt_out import OptOuts
from router.desk.replica import Replica
from router.desk.words import Words, item_of
from tests.integration.router_desk import desk as desks
from tests.integration.router_desk.desk import (
    AGENT,
    SIGNER,
    SUPPORT,
    desk_on,
    left_in_inbox,
    mail,
    outbox,
    send_in,
    transcript,
    until,
)

SOON = timedelta(milliseconds=1)
RULE = CheckIn(id="well", when="resolved", after=SOON, text={"en": "Does it still work?"})


(_DESK,) = desks.CONFIGURATION.desks
CONFIGURATION = msgspec.structs.replace(desks.CONFIGURATION, desks=(msgspec.structs.replace(_DESK, check_ins=(RULE,)),))


@asynccontextmanager
async def having_resolved(bus: Bus) -> AsyncIterator[tuple[Replica, ContactId]]:
    async with desk_on(bus, configuration=CONFIGURATION) as replica:
        contact = await taken_in(bus, replica)
        await decided(bus, replica, ResolveContact(contact=contact, agent=AGENT), "resolve")
        yield replica, contact


async def taken_in(bus: Bus, replica: Replica) -> ContactId:
    await send_in(bus, mail("<1@one.example>"))
    await until(lambda: replica.leader is not None and bool(replica.leader.loop.state.contacts))
    assert replica.leader is not None
    (contact,) = replica.leader.loop.state.contacts
    await until(lambda: _written(bus))
    return contact


async def _written(bus: Bus) -> bool:
    """Whether the words of all that came in are stored: who it is from stands in them."""
    return await left_in_inbox(bus) == 0


async def decided(bus: Bus, replica: Replica, command: ResolveContact | ReopenContact, request: str) -> None:
    assert replica.leader is not None
    epoch = replica.leader.loop.state.epoch
    await ask(bus, SUPPORT, epoch, CommandRequest(command=command, request=request, body={}))


async def test_rule_7_a_customer_is_written_to_by_automatic_mail_and_the_conversation_shows_it(
    provisioned: Bus,
) -> None:
    async with having_resolved(provisioned) as (replica, contact):

        async def sent() -> bool:
            return bool(await outbox(provisioned))

        await until(sent)
        (letter,) = await outbox(provisioned)
        assert (letter.kind, letter.text) == (OutboundKind.CHECK_IN, "Does it still work?")
        assert letter.to[0].address == "customer@one.example"
        assert letter.thread[0].native_id == "<1@one.example>"

        async def is_shown() -> bool:
            return letter.id in [item.id for item in await transcript(provisioned, contact)]

        await until(is_shown)
        shown = [item for item in await transcript(provisioned, contact) if item.id == letter.id]
        assert [(item.author.role, item.text) for item in shown] == [("system", "Does it still work?")]
        assert replica.leader is not None
        assert replica.leader.loop.state.contacts[contact].phase == "resolved"
    async with desk_on(provisioned, holder="two", configuration=CONFIGURATION):
        pass
    assert len(await outbox(provisioned)) == 1


async def test_rule_7_the_answer_to_a_check_in_finds_its_contact_by_the_token_alone(provisioned: Bus) -> None:
    async with having_resolved(provisioned) as (replica, contact):

        async def sent() -> bool:
            return bool(await outbox(provisioned))

        await until(sent)
        (letter,) = await outbox(provisioned)

        async def bound() -> bool:
            return await KeyValue(provisioned, THREADS).get(SIGNER.key_hash("reply", letter.id)) is not None

        await until(bound)
        token = ThreadKey(kind="reply", value=letter.id, evidence=ThreadEvidence.TOKEN)
        await send_in(provisioned, mail("<2@one.example>", thread=(token,), sender="other@one.example", text="No"))
        assert replica.leader is not None
        state = replica.leader.loop.state
        await until(lambda: state.contacts[contact].phase == "assigned")
        assert list(state.contacts) == [contact]


async def test_rule_7_who_wants_none_gets_none(provisioned: Bus) -> None:
    async with desk_on(provisioned, configuration=CONFIGURATION) as replica:
        contact = await taken_in(provisioned, replica)
        assert replica.leader is not None
        state = replica.leader.loop.state
        await OptOuts(provisioned).put(state.contacts[contact].customer, wants_none=True)
        await decided(provisioned, replica, ResolveContact(contact=contact, agent=AGENT), "resolve")
        await until(lambda: bool(state.check_ins.done))
        await send_in(provisioned, mail("<2@two.example>", sender="customer@two.example"))
        await until(lambda: len(state.contacts) == 2)
        await until(lambda: _written(provisioned))
        (other,) = set(state.contacts) - {contact}
        await decided(provisioned, replica, ResolveContact(contact=other, agent=AGENT), "resolve-other")

        async def sent() -> bool:
            return bool(await outbox(provisioned))

        await until(sent)  # effects come in order: what was due before has had its own
        assert [letter.contact for letter in await outbox(provisioned)] == [other]


async def test_rule_7_who_answers_stop_is_noted_and_nobody_has_to_do_anything(provisioned: Bus) -> None:
    async with having_resolved(provisioned) as (replica, contact):
        thread = (ThreadKey(kind="message-id", value="<1@one.example>", evidence=ThreadEvidence.REFERENCE),)
        await send_in(provisioned, mail("<2@one.example>", thread=thread, text="STOP"))
        assert replica.leader is not None
        state = replica.leader.loop.state
        customer = CustomerId(state.contacts[contact].customer)

        async def noted() -> bool:
            return await OptOuts(provisioned).holds(customer)

        await until(noted)
        assert state.contacts[contact].phase == "resolved"
        await OptOuts(provisioned).put(customer, wants_none=False)
        assert not await OptOuts(provisioned).holds(customer)


class Noted:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.anything = asyncio.Event()

    def info(self, event: str, **_: Any) -> None:
        self.told.append(event)
        self.anything.set()

    warning = error = info


async def test_rule_7_a_check_in_that_is_due_before_its_customer_s_words_are_written_down_waits_for_them(
    provisioned: Bus,
) -> None:
    log, words = Noted(), Words(provisioned, SIGNER, SUPPORT)
    contact, now = ContactId("c-1"), datetime.now(UTC)
    writer = CheckInWriter(
        provisioned,
        SIGNER,
        CONFIGURATION.desks[0],
        words,
        Bindings(provisioned, SUPPORT, 1),
        lambda: now,
        RouterFigures(CollectorRegistry()),
        log,
    )
    message = mail("<1@one.example>")
    due = CheckInDue(
        at=now,
        contact=contact,
        rule=RULE.id,
        customer=CustomerId("u-1"),
        channel=message.channel,
        inbox=message.inbox,
        message=MessageId("k-1"),
    )
    writing = asyncio.create_task(writer.write(due, again=False))
    await log.anything.wait()
    assert log.told == ["check_in.words_awaited"]
    assert await outbox(provisioned) == []
    await stored(await words.heard(item_of(message, contact, due.customer, now, ""), again=False))
    await stored(await writing)
    assert [(letter.id, letter.to[0].address) for letter in await outbox(provisioned)] == [
        (due.message, message.sender.address)
    ]
