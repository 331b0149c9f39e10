"""Offers over the API: asked, answered, lost, and told to the channel."""

import asyncio
from pathlib import Path
from typing import TypeVar

from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId
from frontline.contract.signal import PickUp, Ring, Signal, StopRinging, decode_signal
from frontline.runtime.bus import Bus
from router.core.event import OfferAccepted, OfferRenewed
from tests.integration.router_api.world import OTHER, World, world
from tests.integration.router_desk.desk import AGENT, EMAIL, LIVE, SUPPORT, desk_on, events, mail, send_in, until

S = TypeVar("S", bound=Signal)


async def offered(there: World, native_id: str = "<1@one.example>") -> ContactId:
    """A contact that waits for the agent's answer, as far as the API can see."""
    contact = await there.contact_from(mail(native_id, inbox=LIVE))
    await until(lambda: contact in {offer.contact for offer in there.index.read.offers(SUPPORT, AGENT)})
    return contact


async def signals(bus: Bus) -> "asyncio.Queue[Signal]":
    heard: asyncio.Queue[Signal] = asyncio.Queue()

    async def take(msg: Msg) -> None:
        heard.put_nowait(decode_signal(msg.data))

    await bus.nc.subscribe(subject.signal_all(EMAIL), cb=take)
    await bus.nc.flush()
    return heard


async def test_an_agent_sees_what_they_are_offered_and_accepts_it(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        contact = await offered(there)
        (offer,) = (await agent.get("/api/offers")).body["items"]
        assert (offer["contact"], offer["agent"], offer["state"]) == (contact, AGENT, "open")
        shown = (await agent.get(f"/api/contacts/{contact}")).body
        assert (shown["state"], shown["offer"], shown["assignment"]) == ("offered", offer, None)
        accepted = await agent.post(f"/api/offers/{offer['id']}/accept", {})
        assert (accepted.status, accepted.body) == (200, {"id": offer["id"], "done": "accepted"})
        after = (await agent.get(f"/api/contacts/{contact}", seen=accepted.seq)).body
        assert (after["state"], after["offer"]) == ("assigned", None)
        assert (after["assignment"]["agent"], after["assignment"]["via"]) == (AGENT, "offer")
        assert (await agent.get("/api/offers")).body["items"] == []


async def test_a_rejected_offer_leaves_its_reason_in_the_contact(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        contact = await offered(there)
        (offer,) = (await agent.get("/api/offers")).body["items"]
        rejected = await agent.post(f"/api/offers/{offer['id']}/reject", {"reason": "not my language"})
        assert rejected.body["done"] == "rejected"
        why = (await agent.get(f"/api/contacts/{contact}", seen=rejected.seq)).body["why"]
        assert f"rejected by {AGENT}: not my language" in [reason["text"] for reason in why]


async def test_whoever_is_too_late_is_told_what_happened_instead(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        await offered(there)
        (offer,) = (await agent.get("/api/offers")).body["items"]
        await agent.put("/api/me/availability", {"state": "away"})
        late = await agent.post(f"/api/offers/{offer['id']}/accept", {})
        assert (late.status, late.body["conflict"]) == (409, "withdrawn")
        nowhere = await agent.post("/api/offers/nowhere/accept", {})
        assert (nowhere.status, nowhere.body["conflict"]) == (404, "not_found")


async def test_an_accept_that_is_repeated_has_one_effect_and_one_answer(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        await offered(there)
        (offer,) = (await agent.get("/api/offers")).body["items"]
        path = f"/api/offers/{offer['id']}/accept"
        answers = [await agent.post(path, {}, key="k"), await agent.post(path, {}, key="k"), await agent.post(path, {})]
        assert [answer.status for answer in answers] == [200, 200, 200]


async def test_offers_are_seen_by_nobody_else(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        await offered(there)
        assert (await there.client(OTHER).get("/api/offers")).body["items"] == []


async def test_the_channel_is_told_to_ring_the_agents_phone_and_to_stop(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        heard = await signals(there.bus)
        contact = await offered(there)
        async with asyncio.timeout(60):
            ring = await heard.get()
            assert isinstance(ring, Ring)
            assert (ring.contact, ring.agent, ring.number) == (contact, AGENT, "+12025550101")
            await there.client().post(f"/api/offers/{ring.offer}/accept", {})
            stop = await heard.get()
        assert isinstance(stop, StopRinging)
        assert (stop.contact, stop.offer, stop.outcome) == (contact, ring.offer, "accepted")


async def test_another_leader_gives_an_open_offer_its_whole_time_again(provisioned: Bus) -> None:
    async with desk_on(provisioned) as first:
        await until(lambda: first.leads)
        await send_in(provisioned, mail("<1@one.example>", inbox=LIVE))
        await until(lambda: first.leader is not None and bool(first.leader.loop.state.offers))
    async with desk_on(provisioned, holder="two") as second:
        await until(lambda: second.leads)

        async def counts() -> bool:
            return bool(await events(provisioned, OfferRenewed))

        await until(counts)
        (renewed,) = await events(provisioned, OfferRenewed)
        assert renewed.agent == AGENT


async def test_an_agent_who_picks_up_where_they_were_rung_has_accepted(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        heard = await signals(there.bus)
        contact = await offered(there)
        async with asyncio.timeout(60):
            ring = await _next(heard, Ring)
            pick_up = encode(PickUp(contact=contact, offer=ring.offer, agent=ring.agent))
            await there.bus.nc.publish(subject.signal(EMAIL, LIVE), pick_up)
            assert (await _next(heard, StopRinging)).outcome == "accepted"
            await there.bus.nc.publish(subject.signal(EMAIL, LIVE), pick_up)  # the channel has missed the answer
            assert (await _next(heard, StopRinging)).outcome == "accepted"
        assert [event.agent for event in await events(there.bus, OfferAccepted)] == [AGENT]


async def test_an_agent_who_picks_up_too_late_is_told_so(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        heard = await signals(there.bus)
        contact = await offered(there)
        async with asyncio.timeout(60):
            ring = await _next(heard, Ring)
            await there.client().put("/api/me/availability", {"state": "away"})
            assert (await _next(heard, StopRinging)).outcome == "withdrawn"
            late = encode(PickUp(contact=contact, offer=ring.offer, agent=ring.agent))
            await there.bus.nc.publish(subject.signal(EMAIL, LIVE), late)
            assert (await _next(heard, StopRinging)).outcome == "withdrawn"


async def _next(heard: "asyncio.Queue[Signal]", kind: type[S]) -> S:
    while True:
        signal = await heard.get()
        if isinstance(signal, kind):
            return signal
