"""The router's process: a replica of each desk, the read index, the API, and the trackers."""

import asyncio
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web
from nats.aio.msg import Msg

from frontline.configuration.load import load
from frontline.configuration.model import Configuration
from frontline.contract.error import Mistake, SettingsError, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.objects import Objects
from frontline.runtime.parked import park
from frontline.runtime.service import Service, run_service
from router.api.app import build_app
from router.api.entry import API
from router.core.refusal import Refused
from router.desk.applying import request_for
from router.desk.command_port import CommandRequest
from router.desk.commands import DeskCommands
from router.desk.configured import Configured
from router.desk.figures import RouterFigures
from router.desk.holders import READ_UP_WITHIN, Holders
from router.desk.log_store import StreamLogStore
from router.desk.replica import Newer, Replica
from router.desk.surroundings import Surroundings
from router.index.acquaintance import IndexAcquaintance
from router.index.follow import follow_log, follow_people, follow_transcripts
from router.index.origin import origin
from router.index.read_index import ReadIndex
from router.index.whole import whole
from router.trackers.service_level import ServiceLevel
from router.trackers.subscription import EventSubscription

T = TypeVar("T")
NAME = "router"
_AGAIN_SECONDS = 1.0


class RouterSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`index_dir` belongs to one router process; a temporary folder when unset, built anew at each
    start. `lease_seconds` is how long a silent leader is believed to live.
    """

    router_host: str = "127.0.0.1"
    router_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    index_dir: Path | None = None
    lease_seconds: Annotated[float, msgspec.Meta(ge=0.5, le=60)] = 2.0
    snapshot_every: Annotated[int, msgspec.Meta(ge=100)] = 50_000
    """Decisions of a desk after which a snapshot of it is taken: what a new leader need not read again."""
    log_retention: timedelta | None = None
    """How long the decisions of a desk are kept; for ever when unset. The read index is made of them."""
    public_url: str = ""
    """Where people reach the console (`https://desk.example`): notices of what waits lead there. Unset: no links."""
    erase_again_after: timedelta = timedelta(hours=3)
    """When everything is gone through a second time for somebody who was erased: for what was under way at the first.
    Longer than two hours, as the broker remembers the ids of messages.
    """
    others_within: timedelta = READ_UP_WITHIN
    """How long a message waits, at most, for the logs of other desks to be read up to their end, when it names a
    contact that no desk is known to have. After that it opens a contact of its own.
    """

    def __post_init__(self) -> None:
        if self.others_within < timedelta(0):
            raise SettingsError([Mistake("others_within", "must not be less than nothing")])
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise SettingsError([Mistake("public_url", "must be a URL that begins with https:// or http://")])


def run() -> int:
    """Run until told to stop; gives the exit code."""
    return run_service(NAME, main, sections={NAME: RouterSettings})


async def main(service: Service) -> None:
    """Serve until the service is told to stop, at whatever point that is."""
    under_way = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(_serve(service, under_way))
        stop = tasks.create_task(service.stopping.wait())
        await asyncio.wait((serving, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not under_way.is_set():
            serving.cancel()


async def _serve(service: Service, under_way: asyncio.Event) -> None:
    replicas: dict[DeskId, Replica] = {}
    settings = service.section(RouterSettings)
    if service.settings.config is None:
        raise SettingsError([Mistake("FRONTLINE_CONFIG", "is not set: the router has to know its desks")])
    configuration = load(service.settings.config)
    figures = RouterFigures(service.metrics.registry)
    read = partial(asyncio.to_thread, load, service.settings.config)
    configured = Configured(configuration, read, service.log, figures)
    acquaintance = IndexAcquaintance()
    holders = Holders(replicas, figures, service.log, settings.others_within)
    surroundings = Surroundings(
        bus=service.bus,
        signer=service.signer,
        configured=configured,
        wall=service.clock,
        holders_of=holders.find,
        decided=holders,
        neighbours=replicas,
        log=service.log,
        park=partial(_park, service),
        figures=figures,
        lease_seconds=settings.lease_seconds,
        snapshot_every=settings.snapshot_every,
        retention=settings.log_retention,
        public_url=settings.public_url,
        acquaintance=acquaintance,
        erase_again_after=settings.erase_again_after,
    )
    holder = service.settings.instance or secrets.token_hex(8)
    replicas |= {desk.id: Replica(desk, holder, surroundings) for desk in configuration.desks}
    service.health.check("index", lambda: "the read index is not built yet")
    async with AsyncExitStack() as stack:
        index = acquaintance.index = await _open_index(service, settings, list(replicas), stack)
        commands = DeskCommands(service.bus, replicas)
        app = build_app(
            bus=service.bus,
            configuration=configuration,
            signer=service.signer,
            index=index,
            commands=commands,
            objects=Objects(service.bus),
            clock=service.clock,
            mint=partial(secrets.token_hex, 16),
            metrics=service.metrics,
            log=service.log,
        )
        configured.when_taken_over(app[API].access.load)
        await _listen(service, app, settings, stack)
        async with asyncio.TaskGroup() as tasks:
            following = [tasks.create_task(work) for work in _followers(service, index, list(replicas))]
            following.append(tasks.create_task(_service_level(service, index, configured).run()))
            following.append(tasks.create_task(configured.run()))
            following.append(tasks.create_task(_reload(service, configured, replicas, commands)))
            leading = [tasks.create_task(_replicate(service, replica)) for replica in replicas.values()]
            under_way.set()  # from here on everything ends by itself, in order
            await service.stopping.wait()
            await asyncio.wait(leading)
            for task in following:
                task.cancel()


async def _open_index(
    service: Service, settings: RouterSettings, desks: list[DeskId], stack: AsyncExitStack
) -> ReadIndex:
    folder = settings.index_dir
    if folder is None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frontline-index-")))
    origin_of = await _patiently(service, lambda: origin(service.bus, desks))
    index = ReadIndex(folder, origin_of, clock=service.clock, metrics=service.metrics, log=service.log)
    if not await _patiently(service, lambda: whole(service.bus, index, desks)):
        service.log.error("index.thrown_away", why="a stream has lost its end, which the index had read")
        index.throw_away()
        index = ReadIndex(folder, origin_of, clock=service.clock, metrics=service.metrics, log=service.log)
    stack.callback(index.close)
    return index


async def _patiently(service: Service, ask: Callable[[], Awaitable[T]]) -> T:
    """The streams may not be there yet."""
    while True:
        await service.bus.wait_connected()
        try:
            return await ask()
        except Unavailable as error:
            service.log.warning("router.waiting", why=error.detail)
            await asyncio.sleep(_AGAIN_SECONDS)


async def _listen(service: Service, app: web.Application, settings: RouterSettings, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.router_host, settings.router_port).start()
    host, port = runner.addresses[0][:2]
    service.listening("http", f"{host}:{port}")


def _followers(service: Service, index: ReadIndex, desks: list[DeskId]) -> list[Coroutine[None, None, None]]:
    """The index is ready once each of its sources has been read to its end."""
    behind = {"transcripts", "people", *desks}
    service.health.check("index", lambda: f"still reading: {', '.join(sorted(behind))}" if behind else None)

    def caught_up(source: str) -> Callable[[], None]:
        return lambda: behind.discard(source)

    return [
        follow_transcripts(index, service.bus, caught_up("transcripts")),
        follow_people(index, service.bus, caught_up("people")),
        *(follow_log(index, desk, StreamLogStore(service.bus, desk), caught_up(desk)) for desk in desks),
    ]


async def _reload(
    service: Service, configured: Configured, replicas: Mapping[DeskId, Replica], commands: DeskCommands
) -> None:
    """Read the file again whenever somebody says so, until cancelled."""

    async def apply(configuration: Configuration) -> list[tuple[DeskId, str]]:
        answers = []
        for desk in configuration.desks:
            replica = replicas.get(desk.id)
            if replica is None:
                answers.append((desk.id, "it is not known here: make its stream, and start this router again"))
            elif replica.version < configuration.version:
                answers.append((desk.id, await _ask(commands, desk.id, request_for(configuration, desk))))
        return answers

    while True:
        await service.hung_up.wait()
        service.hung_up.clear()
        await configured.reload(apply)


async def _ask(commands: DeskCommands, desk: DeskId, request: CommandRequest) -> str:
    """Why a desk said no, empty if it did not."""
    try:
        await commands.ask(desk, request)
    except Refused as refused:
        return refused.detail
    except Unavailable as unavailable:
        return f"{unavailable.detail}: try again"
    return ""


def _service_level(service: Service, index: ReadIndex, configured: Configured) -> EventSubscription:
    """The desks' figures, from what they decided; the replicas share the work."""
    tracker = ServiceLevel(index.read.row, service.metrics.registry)
    tracker.load(configured.current)
    configured.when_taken_over(tracker.load)
    assert service.settings.nats_url is not None
    return EventSubscription(
        "service-level",
        tracker.take,
        bus=service.bus,
        url=service.settings.nats_url,
        login=service.settings.nats_login,
        metrics=service.metrics,
        log=service.log,
    )


async def _replicate(service: Service, replica: Replica) -> None:
    """Lead or follow until the stop. A log that is newer than this code is followed by nobody here."""
    service.health.check(f"desk {replica.desk}", lambda: None if replica.epoch else "the desk has no leader yet")
    try:
        await replica.run(service.stopping)
    except* Newer:
        why = "the log holds what this version can't read: update it"
        service.log.error("desk.newer", desk=replica.desk)
        service.health.check(f"desk {replica.desk}", lambda: why)
        await service.stopping.wait()


async def _park(service: Service, reason: str, msg: Msg, error: str) -> None:
    service.metrics.parked.labels(NAME, reason).inc()
    service.log.warning("router.parked", reason=reason, error=error)
    await park(
        service.bus,
        service=NAME,
        reason=reason,
        origin=msg.subject,
        payload=msg.data,
        error=error,
        at=service.clock(),
        original_headers=msg.headers,
        once=f"{msg.metadata.stream}.{msg.metadata.sequence.stream}",
    )
