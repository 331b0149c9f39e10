"""A router in the test's own process on a real nats-server: desk, index and API, asked over real HTTP.

Every answer is held against the OpenAPI document that the API gives of itself.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import jsonschema
import msgspec
from aiohttp import web
from prometheus_client import generate_latest

from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ChannelName, ContactId, DeskId, InboxId
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.metrics import Metrics
from frontline.runtime.objects import Objects
from frontline.runtime.signing import agent_token
from frontline.runtime.telemetry import logger
from router.api.app import build_app
from router.api.port import Commands
from router.desk.command_port import CommandReply, CommandRequest
from router.desk.commands import DeskCommands
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.index.acquaintance import IndexAcquaintance
from router.index.follow import follow_log, follow_people, follow_transcripts
from router.index.origin import origin
from router.index.read_index import ReadIndex
from tests.integration.router_desk import desk as desks
from tests.integration.router_desk.desk import AGENT, SIGNER, SUPPORT, desk_on, send_in, until

SALES = DeskId("sales")
OTHER = AgentId("agent-9")
CONFIGURATION = Configuration(
    version=desks.CONFIGURATION.version,
    desks=(
        *desks.CONFIGURATION.desks,
        Desk(
            id=SALES,
            agents=(Agent(id=OTHER, name="Demo agent 9"),),
            inboxes=(Inbox(channel=ChannelName("pigeon"), id=InboxId("loft"), address="loft"),),
        ),
    ),
    policies=desks.CONFIGURATION.policies,
)
ACKNOWLEDGING: dict[str, Any] = {
    "configuration": msgspec.structs.replace(
        CONFIGURATION,
        desks=tuple(
            msgspec.structs.replace(
                desk, inboxes=tuple(msgspec.structs.replace(inbox, acknowledge=True) for inbox in desk.inboxes)
            )
            for desk in CONFIGURATION.desks
        ),
    )
}

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
_formats = jsonschema.FormatChecker(formats=())
_formats.checks("date-time")(lambda value: not isinstance(value, str) or _DATE_TIME.match(value) is not None)


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def seq(self) -> int:
        return int(self.headers["X-Frontline-Seq"])


@dataclass(slots=True)
class Client:
    """An agent, or whoever else sends `headers`."""

    session: aiohttp.ClientSession
    document: dict[str, Any]
    headers: dict[str, str]

    async def get(self, path: str, *, seen: int | None = None, **query: Any) -> Answer:
        headers = {} if seen is None else {"X-Frontline-Seq": str(seen)}
        return await self.ask("GET", path, headers=headers, params=query)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        return await self.ask("POST", path, headers={"Idempotency-Key": key} if key else {}, json=body)

    async def put(self, path: str, body: Any, *, key: str | None = None) -> Answer:
        return await self.ask("PUT", path, headers={"Idempotency-Key": key} if key else {}, json=body)

    async def ask(self, method: str, path: str, *, headers: dict[str, str], **more: Any) -> Answer:
        async with self.session.request(method, path, headers={**self.headers, **headers}, **more) as response:
            data = await response.read()
            body = msgspec.json.decode(data) if response.content_type.endswith("json") else data
            answer = Answer(response.status, dict(response.headers), body)
        self._conforms(method, path, answer)
        return answer

    def _conforms(self, method: str, path: str, answer: Answer) -> None:
        """What is answered is what the document says, for every path that is in it."""
        operation = self._operation(method, path)
        if operation is None or path == "/api/openapi.json":
            assert answer.status in {200, 404, 405}
            return
        declared = operation["responses"].get(str(answer.status))
        assert declared is not None, f"{method} {path} answers {answer.status}, which its document does not know"
        media_type = answer.headers["Content-Type"].partition(";")[0]
        if answer.status >= 400:
            assert media_type == "application/problem+json"
            assert answer.body["status"] == answer.status
        content = declared["content"].get(media_type)
        if content is not None and "schema" in content:
            schema = {**content["schema"], "components": self.document["components"]}
            jsonschema.Draft202012Validator(schema, format_checker=_formats).validate(answer.body)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        path = path.partition("?")[0]
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
            if template.startswith("/api/objects/"):
                pattern = r"/api/objects/[^/]+/.+"
            if re.fullmatch(pattern, unquote(path)):
                found: dict[str, Any] | None = operations.get(method.lower())
                return found
        return None


@dataclass(slots=True)
class World:
    bus: Bus
    index: ReadIndex
    session: aiohttp.ClientSession
    metrics: Metrics
    app: web.Application
    document: dict[str, Any]

    def client(self, agent: AgentId = AGENT, version: int = 1) -> Client:
        token = agent_token(SIGNER, agent, version)
        return Client(self.session, self.document, {"Authorization": f"Bearer {token}"})

    def figures(self) -> str:
        """What `/metrics` would say."""
        return generate_latest(self.metrics.registry).decode()

    def stranger(self, **headers: str) -> Client:
        return Client(self.session, self.document, headers)

    async def contact_from(self, message: InboundMessage) -> ContactId:
        """Send a message in, and wait until the index knows where it went."""
        await send_in(self.bus, message)
        await until(lambda: self.index.read.item(message.id) is not None)
        said = self.index.read.item(message.id)
        assert said is not None
        await until(lambda: self.index.read.row(SUPPORT, said.item.contact) is not None)
        return said.item.contact


class Unreachable:
    """A desk whose leader nobody can find."""

    async def ask(self, desk: DeskId, request: CommandRequest) -> CommandReply:
        raise Unavailable("the desk has no leader yet", retry_after=1)


@asynccontextmanager
async def world(
    bus: Bus,
    directory: Path,
    *,
    commands: Callable[[Commands], Commands] = lambda real: real,
    configuration: Configuration = CONFIGURATION,
    **desk: Any,
) -> AsyncIterator[World]:
    """Desk `support` with one agent, led here; desk `sales` is configured, and led by nobody."""
    acquaintance, metrics = IndexAcquaintance(), Metrics("router")
    async with (
        reading(bus, directory, metrics) as index,  # until the desk has ended, as in the service: its leader asks it
        desk_on(bus, configuration=configuration, acquaintance=acquaintance, **desk) as replica,
    ):
        acquaintance.index = index
        app = build_app(
            bus=bus,
            configuration=configuration,
            signer=SIGNER,
            index=index,
            commands=commands(DeskCommands(bus, {SUPPORT: replica})),
            objects=Objects(bus),
            clock=lambda: datetime.now(UTC),
            mint=lambda: secrets.token_hex(16),
            metrics=metrics,
            log=logger("router"),
        )
        async with serving(app) as url, aiohttp.ClientSession(url) as session:
            async with session.get("/api/openapi.json") as response:
                document = msgspec.json.decode(await response.read())
            await until(lambda: AGENT in index.read.agents(SUPPORT))
            await until(lambda: listens(bus, replica))
            yield World(bus, index, session, metrics, app, document)


@asynccontextmanager
async def reading(bus: Bus, directory: Path, metrics: Metrics) -> AsyncIterator[ReadIndex]:
    """The read index of desk `support`, which takes in what is said."""
    index = ReadIndex(
        directory / "index",
        await origin(bus, [SUPPORT]),
        clock=lambda: datetime.now(UTC),
        metrics=metrics,
        log=logger("router"),
    )
    nothing: Callable[[], None] = lambda: None
    followers = [
        asyncio.create_task(follow_log(index, SUPPORT, StreamLogStore(bus, SUPPORT), nothing)),
        asyncio.create_task(follow_transcripts(index, bus, nothing)),
        asyncio.create_task(follow_people(index, bus, nothing)),
    ]
    try:
        yield index
    finally:
        for follower in followers:
            follower.cancel()
        for follower in followers:
            with suppress(asyncio.CancelledError):
                await follower
        index.close()


async def listens(bus: Bus, replica: Replica) -> bool:
    """Whether the leader takes commands: it does a moment after its first decisions, which the index may have by then."""
    try:
        await bus.request(subject.command(SUPPORT, replica.epoch), b"what no leader can decide")
    except Unavailable:
        return False
    return True


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
