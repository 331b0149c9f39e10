"""Callers who hang up, keep their place and are called back (hard case 49)."""

import asyncio
from datetime import timedelta
from typing import Any

from frontline.contract.deskview import Standing
from frontline.contract.ids import AgentId, ContactId
from frontline.contract.message import Automation, Presence
from frontline.contract.signal import Ring, StopRinging
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.service import utc_now
from intake_phone import happened
from intake_phone.normalize import party
from intake_phone.simulator.account import new_sid
from intake_phone.simulator.line import Line
from intake_phone.simulator.person import Person
from tests.integration.intake_phone.stage import (
    AGENT,
    OURS,
    PACE,
    PATIENCE,
    SUPPORT,
    THEIRS,
    WRITTEN,
    Stage,
    answering,
    until,
    wait,
)

CONTACT = ContactId("c1")
HOUR = timedelta(hours=1)
BRIEF: dict[str, Any] = {"phone_ring_seconds": 1, "phone_customer_ring_seconds": 1}


async def ask(stage: Stage) -> Line:
    """A caller waits, asks to be called back, and hangs up; the desk has written it down."""
    line = stage.call(keys=["2"])
    await wait(line.over)
    await stage.happened("ended")
    await stage.write_down(CONTACT)
    return line


async def offer(stage: Stage) -> None:
    """The desk offers the contact to an agent, who takes it."""
    await stage.signal(Ring(contact=CONTACT, offer="o1", agent=AgentId("agent-1"), number=AGENT))
    await stage.picked_up()
    await stage.signal(StopRinging(contact=CONTACT, offer="o1", outcome="accepted"))


async def test_a_caller_who_asks_to_be_called_back_stays_live_in_their_place(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        await ask(stage)
        found = await stage.stored()
    assert [each.native["call"] for each in found] == ["began", "call_back", "ended"]
    assert {each.presence for each in found} == {Presence.LIVE}, "who has left is offered to nobody"
    assert [each.automation for each in found[1:]] == [Automation.AUTO_REPLIED] * 2, "the clock of the call runs on"
    assert any("We will call you back" in heard for heard in stage.heard)


async def test_who_is_to_be_called_back_is_called_when_an_agent_takes_it_and_both_talk(
    nats: EmbeddedServer, phone: Bus
) -> None:
    customer = Person()
    async with answering(nats, phone) as stage:
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: customer})
        await ask(stage)
        await offer(stage)
        await wait(customer.talking)
        (answered,) = await stage.happened("answered")
        customer.enough.set()
        (over,) = await stage.happened("called_back")
    assert answered.presence is Presence.ANSWERED
    assert (over.presence, over.native_id) == (Presence.LEFT, answered.native_id)
    assert any("asks to be called back. Press 1" in heard for heard in stage.heard)
    assert stage.api.calls_made[0]["From"] == OURS


async def test_an_engaged_line_is_called_again_a_while_later(nats: EmbeddedServer, phone: Bus) -> None:
    customer = Person(engaged=1)
    async with answering(nats, phone, phone_call_back_pause=0.05) as stage:
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: customer})
        await ask(stage)
        await offer(stage)
        (tried,) = await stage.happened("not_reached")
        await wait(customer.talking)
        customer.enough.set()
        await stage.happened("called_back")
    assert tried.text == "Tried to call back: the line is engaged. Another try follows."
    assert tried.presence is Presence.LIVE
    assert len(stage.api.calls_made) == 2


async def test_who_can_not_be_reached_is_tried_so_often_and_then_it_goes_on_in_writing(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone, phone_call_back_pause=0.02, phone_call_back_tries=2) as stage:
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: Person(engaged=99)})
        await ask(stage)
        await offer(stage)
        (given_up,) = await stage.happened("given_up")
        await stage.write_down(CONTACT)
        tries = sum("customer at" in heard and "is rung" in heard for heard in stage.heard)
    assert given_up.presence is Presence.LEFT, "it costs what a written contact costs"
    assert given_up.text == "Tried to call back 2 times, without success. Please answer them in writing."
    assert tries == 2


async def test_a_caller_who_rings_again_meanwhile_comes_to_the_same_contact_and_is_connected(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        stage.exchange.phones[AGENT] = Person(keys=["1"])
        first = await ask(stage)
        again = stage.call()
        await wait(again.queued)
        (_, second) = await stage.happened("began", 2)
        await stage.write_down(CONTACT)
        await offer(stage)
        await wait(again.talking)
        again.hang_up()
        await wait(again.over)
        ends = await stage.happened("ended", 2)
    assert ("call", first.sid, True, False) in {(key.kind, key.value, key.finds, key.binds) for key in second.thread}
    assert ends[1].native["outcome"] == "answered"
    assert not any("customer at" in heard for heard in stage.heard), "nobody calls a line that is on ours"


async def test_a_caller_who_rings_while_we_call_them_is_engaged_and_connected_at_once(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        first = await ask(stage)
        page = f"voice/agent?offer=o1&contact=c1&inbox=support&agent=agent-1&call={first.sid}"
        await stage.signal(StopRinging(contact=CONTACT, offer="o1", outcome="accepted"))
        leg = {"CallSid": new_sid("CA")}
        async with asyncio.timeout(PATIENCE):
            while "<Number" not in (said := (await stage.hook(page, leg))[1]):
                await asyncio.sleep(0.01)
        assert THEIRS in said
        again = stage.call()
        await wait(again.queued)
        await stage.write_down(CONTACT)
        busy = leg | {"DialCallStatus": "busy", "DialCallSid": new_sid("CA")}
        _, said = await stage.hook(f"{page}&step=done&to=customer", busy)
        again.hang_up()
        await wait(again.over)
    assert f">{again.sid}</Queue>" in said


async def test_a_caller_who_rings_while_the_agents_phone_rings_to_call_them_back_is_connected_by_the_key(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        first = await ask(stage)
        page = f"voice/agent?offer=o1&contact=c1&inbox=support&agent=agent-1&call={first.sid}"
        again = stage.call()
        await wait(again.queued)
        await stage.write_down(CONTACT)
        leg = {"CallSid": new_sid("CA")}
        taking = asyncio.create_task(stage.hook(f"{page}&step=accept", leg | {"Digits": "1"}))
        await stage.picked_up()
        await stage.signal(StopRinging(contact=CONTACT, offer="o1", outcome="accepted"))
        _, said = await taking
        again.hang_up()
        await wait(again.over)
    assert f">{again.sid}</Queue>" in said


async def test_a_caller_who_hangs_up_and_rings_again_while_they_are_connected_is_connected_after_all(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        first = await ask(stage)
        page = f"voice/agent?offer=o1&contact=c1&inbox=support&agent=agent-1&call={first.sid}"
        again = stage.call()
        await wait(again.queued)
        await stage.write_down(CONTACT)
        nobody = {"CallSid": new_sid("CA"), "DialCallStatus": "no-answer"}
        _, first_said = await stage.hook(f"{page}&step=done", nobody)
        _, then_said = await stage.hook(f"{page}&step=done", nobody)
        again.hang_up()
        await wait(again.over)
    assert f">{again.sid}</Queue>" in first_said
    assert "has hung up" in then_said, "nobody is dialled for ever"


async def test_who_accepted_and_missed_their_phone_is_called_again_for_a_caller_who_rang_meanwhile(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone, phone_ring_seconds=int(PATIENCE / PACE)) as stage:
        await ask(stage)
        await stage.signal(Ring(contact=CONTACT, offer="o1", agent=AgentId("agent-1"), number=AGENT))
        await until(lambda: any("is rung" in heard for heard in stage.heard))
        again = stage.call()
        await wait(again.queued)
        await stage.write_down(CONTACT)
        stage.exchange.phones[AGENT] = Person(keys=["1"])
        await stage.show(contacts={CONTACT: Standing(state="assigned", agent=AgentId("agent-1"))})
        stage.api._lines[stage.api.calls_made[0]["sid"]].over.set()  # it rings no more
        await wait(again.talking)
        again.hang_up()
        await wait(again.over)
        await stage.happened("ended", 2)


async def test_a_call_back_survives_that_the_process_forgets_everything(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        first = await ask(stage)
    async with answering(nats, phone) as stage:
        customer = Person()
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: customer})
        stage.exchange.calls[first.sid] = {"CallSid": first.sid, "From": THEIRS, "To": OURS}
        await offer(stage)
        await wait(customer.talking)
        customer.enough.set()
        (over,) = await stage.happened("called_back")
    assert over.native_id == first.sid


async def test_what_was_to_be_tried_later_goes_on_in_writing_when_the_service_stops(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone, phone_call_back_pause=3600) as stage:
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: Person(engaged=1)})
        await ask(stage)
        await offer(stage)
        await stage.happened("not_reached")
        stage.service.stopping.set()
        (given_up,) = await stage.happened("given_up")
    assert given_up.presence is Presence.LEFT


async def test_what_a_killed_process_would_have_tried_later_goes_on_in_writing_by_the_next_one(
    nats: EmbeddedServer, phone: Bus
) -> None:
    left, underway = new_sid("CA"), new_sid("CA")
    async with answering(nats, phone, phone_call_back_pause=0.1, **BRIEF) as stage:
        for call, contact, tried in ((left, CONTACT, WRITTEN), (underway, ContactId("c2"), utc_now() + HOUR)):
            stage.exchange.calls[call] = {"CallSid": call, "From": THEIRS, "To": OURS}
            caller = party({"CallSid": call, "From": THEIRS}, SUPPORT, "US")
            await stage.keep(happened.call_back(caller, WRITTEN), contact, WRITTEN)
            await stage.keep(happened.not_reached(caller, new_sid("CA"), "busy", WRITTEN), contact, tried)
        standing = Standing(state="assigned", agent=AgentId("agent-1"), here=True)
        await stage.show(online=True, contacts={CONTACT: standing, ContactId("c2"): standing})
        (given_up,) = await stage.happened("given_up")
        await until(lambda: stage.figure("frontline_phone_call_backs_total", step="stray") == 1)
    assert (given_up.native_id, given_up.presence) == (left, Presence.LEFT)
    assert given_up.text == "Tried to call back once, without success. Please answer them in writing."


async def test_rule_3_nobody_on_offers_a_call_back(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, online=False) as stage:
        line = await ask(stage)
        found = await stage.stored()
    assert not line.queued.is_set()
    assert [each.native["call"] for each in found] == ["began", "call_back", "ended"]


async def test_nobody_is_offered_a_call_back_to_a_number_that_they_withhold(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call(sender="anonymous")
        await wait(line.queued)
        await until(lambda: any("Please hold" in heard for heard in stage.heard))
        line.hang_up()
        await wait(line.over)
    assert not any("Press 2" in heard for heard in stage.heard)


async def test_who_leaves_the_queue_for_a_message_is_offered_to_nobody_meanwhile(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call(keys=["1"], words="I can't wait.")
        await wait(line.over)
        (left,) = await stage.happened("left_queue")
        (voicemail,) = [each for each in await stage.have(5) if each.attachments]
    assert (left.presence, voicemail.presence) == (Presence.LEFT, Presence.AWAY)


async def test_a_further_try_is_not_made_for_a_contact_that_somebody_else_has_by_then(
    nats: EmbeddedServer, phone: Bus
) -> None:
    async with answering(nats, phone, phone_call_back_pause=2.0) as stage:  # so long the desk has to show who has it
        stage.exchange.phones.update({AGENT: Person(keys=["1"]), THEIRS: Person(engaged=1)})
        await ask(stage)
        await offer(stage)
        await stage.happened("not_reached")
        await stage.show(contacts={CONTACT: Standing(state="assigned", agent=AgentId("agent-2"))})
        await until(lambda: stage.figure("frontline_phone_call_backs_total", step="dropped"))
    assert len(stage.api.calls_made) == 1
