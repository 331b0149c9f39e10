"""A contact handed to another desk over the API: who may see it then, who answers, and by which inbox."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from frontline.contract.ids import AgentId, ContactId
from frontline.runtime.bus import Bus
from frontline.runtime.metrics import Metrics
from frontline.runtime.objects import Objects
from frontline.runtime.signing import agent_token
from frontline.runtime.telemetry import logger
from router.api.app import build_app
from router.desk.commands import DeskCommands
from router.desk.log_store import StreamLogStore
from router.index.follow import follow_log, follow_people, follow_transcripts
from router.index.origin import origin
from router.index.read_index import ReadIndex
from tests.integration.router_api.world import Client, serving
from tests.integration.router_desk.between import ANN, BOB, CONFIGURATION, SALES, SUPPORT, Desks
from tests.integration.router_desk.desk import SIGNER, answers, mail, outbox, send_in, until


@dataclass(slots=True)
class Router:
    desks: Desks
    index: ReadIndex
    session: aiohttp.ClientSession
    document: dict[str, Any]

    def client(self, agent: AgentId) -> Client:
        token = agent_token(SIGNER, agent, 1)
        return Client(self.session, self.document, {"Authorization": f"Bearer {token}"})

    async def opened(self) -> ContactId:
        message = mail("<1@one.example>")
        await send_in(self.desks.bus, message)
        contact = ContactId("c" + message.id[1:])
        await until(lambda: self.index.read.item(message.id) is not None)
        await until(lambda: self.index.read.here(SUPPORT, contact) is not None)
        return contact


@asynccontextmanager
async def router(bus: Bus, directory: Path) -> AsyncIterator[Router]:
    """Both desks, led here, and one API for the agents of both."""
    async with Desks(bus) as desks:
        metrics, log = Metrics("router"), logger("router")
        streams = await origin(bus, [SUPPORT, SALES])
        index = ReadIndex(directory / "index", streams, clock=_now, metrics=metrics, log=log)
        followers = [
            asyncio.create_task(follow_transcripts(index, bus, _nothing)),
            asyncio.create_task(follow_people(index, bus, _nothing)),
            *(
                asyncio.create_task(follow_log(index, desk, StreamLogStore(bus, desk), _nothing))
                for desk in (SUPPORT, SALES)
            ),
        ]
        app = build_app(
            bus=bus,
            configuration=CONFIGURATION,
            signer=SIGNER,
            index=index,
            commands=DeskCommands(bus, desks.replicas),
            objects=Objects(bus),
            clock=_now,
            mint=lambda: secrets.token_hex(16),
            metrics=metrics,
            log=log,
        )
        try:
            async with serving(app) as url, aiohttp.ClientSession(url) as session:
                async with session.get("/api/openapi.json") as response:
                    document = msgspec.json.decode(await response.read())
                yield Router(desks, index, session, document)
        finally:
            for follower in followers:
                follower.cancel()
            for follower in followers:
                with suppress(asyncio.CancelledError):
                    await follower
            index.close()


async def test_a_contact_is_handed_to_another_desk_and_answered_there_by_the_inbox_it_came_to(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with router(provisioned, tmp_path) as there:
        ann, bob = there.client(ANN), there.client(BOB)
        contact = await there.opened()
        assert (await bob.get(f"/api/contacts/{contact}")).status == 404
        done = await ann.post(f"/api/contacts/{contact}/transfer", {"desk": SALES})
        assert (done.status, done.body) == (200, {"id": contact, "done": "transferred"})
        await until(lambda: there.index.read.here(SALES, contact) is not None)
        await until(lambda: there.index.read.here(SUPPORT, contact) is None)

        shown = (await bob.get(f"/api/contacts/{contact}")).body
        assert (shown["desk"], shown["inbox"], shown["assignment"]["agent"]) == ("sales", "support", "bob")
        assert "taken" in [why["rule"] for why in shown["why"]]
        lines = (await bob.get(f"/api/contacts/{contact}/transcript")).body["items"]
        assert [line["text"] for line in lines] == ["Hello"]

        written = await bob.post(f"/api/contacts/{contact}/replies", {"text": "Here we are."})
        assert written.status == 201
        await until(lambda: _sent(provisioned))
        [sent] = await outbox(provisioned)
        assert (sent.inbox, sent.desk, sent.author) == ("support", "sales", "bob")

        await send_in(provisioned, mail("<2@one.example>", thread=(answers("<1@one.example>"),), text="Thank you"))
        await until(lambda: len(there.index.read.transcript(contact, 0, 10)) == 3)
        shown = (await bob.get(f"/api/contacts/{contact}", seen=written.seq)).body
        assert shown["clocks"][0]["outcome"] == "met"


async def test_agents_of_the_desk_that_it_left_see_and_do_nothing_of_it_any_more(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with router(provisioned, tmp_path) as there:
        ann, bob = there.client(ANN), there.client(BOB)
        contact = await there.opened()
        await ann.post(f"/api/contacts/{contact}/transfer", {"desk": SALES})
        await until(lambda: there.index.read.here(SALES, contact) is not None)
        await until(lambda: there.index.read.here(SUPPORT, contact) is None)
        gone = await ann.get(f"/api/contacts/{contact}")
        assert (gone.status, gone.body["detail"]) == (404, "There is no such contact. It is at desk sales now.")
        assert (await ann.get(f"/api/contacts/{contact}/transcript")).status == 404
        assert (await ann.post(f"/api/contacts/{contact}/replies", {"text": "No"})).status == 404
        assert (await ann.get("/api/contacts")).body["items"] == []
        assert [each["id"] for each in (await bob.get("/api/contacts")).body["items"]] == [contact]


async def test_a_desk_that_there_is_not_and_two_destinations_are_refused_at_once(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with router(provisioned, tmp_path) as there:
        ann = there.client(ANN)
        contact = await there.opened()
        known = (await ann.get("/api/desks")).body["items"]
        assert known == [{"id": "support", "name": ""}, {"id": "sales", "name": ""}]
        unknown = await ann.post(f"/api/contacts/{contact}/transfer", {"desk": "nowhere"})
        assert (unknown.status, unknown.body["errors"]) == (422, [{"at": "$.desk", "what": "is no desk"}])
        assert (await ann.post(f"/api/contacts/{contact}/transfer", {"desk": SALES, "agent": ANN})).status == 422
        same = await ann.post(f"/api/contacts/{contact}/transfer", {"desk": SUPPORT})
        assert (same.status, same.body["conflict"]) == (409, "same_desk")


def _now() -> datetime:
    return datetime.now(UTC)


def _nothing() -> None:
    return


async def _sent(bus: Bus) -> bool:
    return bool(await outbox(bus))
