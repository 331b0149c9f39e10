"""Agents are rung on their phones: who is connected, and who hears that it is over."""

from frontline.contract.deskview import Standing
from frontline.contract.ids import AgentId, ContactId
from frontline.contract.message import Presence
from frontline.contract.signal import Ring, StopRinging
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_phone.simulator.account import new_sid
from intake_phone.simulator.person import Person
from tests.integration.intake_phone.stage import AGENT, OURS, answering, ring, until, wait


async def test_an_agent_who_takes_the_call_by_phone_is_connected_when_the_desk_says_so(
    nats: EmbeddedServer, phone: Bus
) -> None:
    agent = Person(keys=["1"])
    async with answering(nats, phone) as stage:
        stage.exchange.phones[AGENT] = agent
        line = stage.call()
        await wait(line.queued)
        contact = await ring(stage, line.sid)
        picked = await stage.picked_up()
        assert not line.talking.is_set(), "nobody is connected before the desk has decided"
        await stage.signal(StopRinging(contact=contact, offer="o1", outcome="accepted"))
        await wait(line.talking)
        (answered,) = await stage.happened("answered")
        assert not line.over.is_set(), "told at the moment, not at the end"
        agent.enough.set()
        await wait(line.over)
        (ended,) = await stage.happened("ended")
        assert [each.presence for each in await stage.stored()] == [Presence.LIVE, Presence.ANSWERED, Presence.LEFT]
    assert answered.native["agent"] == "agent-1"
    assert (picked.contact, picked.offer, picked.agent) == (contact, "o1", "agent-1")
    assert ended.native["outcome"] == "answered"
    assert len(stage.exchange.deleted_queues) == 1, "the caller's own queue is not left lying about"


async def test_an_agent_who_accepts_in_the_console_is_connected_without_a_key(nats: EmbeddedServer, phone: Bus) -> None:
    agent = Person()
    async with answering(nats, phone) as stage:
        told: list[str] = []
        stage.exchange.telling.append(told.append)
        line = stage.call()
        await wait(line.queued)
        contact = await ring(stage, line.sid)
        await until(lambda: any("is rung no more" in each for each in told))
        stage.exchange.phones[AGENT] = agent
        await stage.signal(StopRinging(contact=contact, offer="o1", outcome="accepted"))
        await wait(line.talking)
        line.hang_up()
        await wait(line.over)
        (ended,) = await stage.happened("ended")
    assert ended.native["outcome"] == "answered"
    assert len(stage.api.calls_made) >= 2, "the phone that rang out before is rung again for who accepted"


async def test_what_the_desk_shows_counts_when_its_word_is_lost(nats: EmbeddedServer, phone: Bus) -> None:
    agent = Person(keys=["1"])
    async with answering(nats, phone) as stage:
        stage.exchange.phones[AGENT] = agent
        line = stage.call()
        await wait(line.queued)
        contact = await ring(stage, line.sid)
        await stage.picked_up()
        assigned = Standing(state="assigned", agent=AgentId("agent-1"))
        await stage.show(contacts={contact: assigned})
        await wait(line.talking)
        agent.enough.set()
        await wait(line.over)


async def test_an_offer_that_is_over_rings_no_more(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, phone_ring_seconds=2000) as stage:
        line = stage.call()
        await wait(line.queued)
        contact = await ring(stage, line.sid)
        await until(lambda: f"agent at {AGENT} is rung" in stage.heard)
        await stage.signal(StopRinging(contact=contact, offer="o1", outcome="timed_out"))
        await until(lambda: f"agent at {AGENT} is rung no more (canceled)" in stage.heard)
        line.hang_up()
        await wait(line.over)
    assert not line.talking.is_set()


async def test_a_ring_that_is_told_twice_rings_once(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        line = stage.call()
        await wait(line.queued)
        await ring(stage, line.sid)
        await stage.signal(Ring(contact=ContactId("c1"), offer="o1", agent=AgentId("agent-1"), number=AGENT))
        await until(lambda: stage.api.calls_made)
        await stage.signal(Ring(contact=ContactId("c2"), offer="o2", agent=AgentId("agent-2"), number="+12025550112"))
        await stage.place(new_sid("CA"), "c2")
        await until(lambda: any(made["To"] == "+12025550112" for made in stage.api.calls_made))
        line.hang_up()
        await wait(line.over)
    assert [made["To"] for made in stage.api.calls_made].count(AGENT) == 1
    assert stage.api.calls_made[0]["From"] == OURS


async def test_an_agent_whose_offer_went_to_somebody_else_is_told(nats: EmbeddedServer, phone: Bus) -> None:
    agent = Person(keys=["1"])
    async with answering(nats, phone) as stage:
        stage.exchange.phones[AGENT] = agent
        line = stage.call()
        await wait(line.queued)
        contact = await ring(stage, line.sid)
        await stage.picked_up()
        await stage.signal(StopRinging(contact=contact, offer="o1", outcome="timed_out"))
        await until(lambda: f'agent at {AGENT} hears: "This call has been taken care of."' in stage.heard)
        line.hang_up()
        await wait(line.over)
    assert not line.talking.is_set()
