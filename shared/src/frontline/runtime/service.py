"""The skeleton of every process: settings, logs, the bus, probes, and an orderly end.

A service starts and answers its probes while NATS is away; it is just not ready then. SIGTERM
and SIGINT set `stopping`, readiness falls at once, and the service's own code has the drain
time to finish. A second signal ends the process at once; so does a crash of any task. SIGHUP sets
`hung_up`, for a service that has something to read again; the others take no notice.
"""

import asyncio
import importlib.util
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import msgspec
import nats.errors

from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.bus import Bus
from frontline.runtime.garbage import settle
from frontline.runtime.health import Health, OpsServer
from frontline.runtime.metrics import Metrics
from frontline.runtime.parent import outlive_not
from frontline.runtime.settings import RuntimeSettings, environment, load_several
from frontline.runtime.signing import Signer
from frontline.runtime.status import Status, write_status
from frontline.runtime.telemetry import configure_logs, logger

T = TypeVar("T", bound=msgspec.Struct)

EXIT_OK = 0
EXIT_CRASH = 1
EXIT_SETTINGS = 78
"""The operator must act (EX_CONFIG of sysexits.h): starting again would change nothing."""
_CANCEL_SECONDS = 2.0
"""How long whoever is cancelled may take to clean up, before it is cancelled again."""
_CANCELS = 2


@dataclass(slots=True)
class Service:
    """What a service's own code is given. One task group holds all of its tasks."""

    name: str
    settings: RuntimeSettings
    bus: Bus
    health: Health
    log: Log
    metrics: Metrics
    signer: Signer
    clock: Clock
    tasks: asyncio.TaskGroup
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    status: Status = field(default_factory=lambda: Status(name="", pid=0))
    sections: dict[type[msgspec.Struct], msgspec.Struct] = field(default_factory=dict)
    _background: list[asyncio.Task[Any]] = field(default_factory=list)

    def section(self, kind: type[T]) -> T:
        """The settings of that kind, which `run_service` was asked to load."""
        return cast("T", self.sections[kind])

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` until the service ends; if it raises, the process does."""
        task = self.tasks.create_task(work, name=name)
        self._background.append(task)
        return task

    def listening(self, name: str, address: str) -> None:
        """Tell the supervisor and the log that a listener is up, and where."""
        self.status.listeners[name] = address
        self.log.info("service.listening", listener=name, at_port=address)
        self.tell()

    def not_listening(self, name: str) -> None:
        if self.status.listeners.pop(name, None) is not None:
            self.tell()

    def tell(self) -> None:
        """Write the status file, if there is to be one."""
        if self.settings.status_file is not None:
            write_status(self.settings.status_file, self.status)

    @property
    def background(self) -> tuple[asyncio.Task[Any], ...]:
        """What `spawn` started."""
        return tuple(self._background)

    def cancel_background(self) -> None:
        for task in self._background:
            task.cancel()


Main = Callable[[Service], Awaitable[None]]


def run_service(
    name: str,
    main: Main,
    *,
    sections: Mapping[str, type[msgspec.Struct]] | None = None,
) -> int:
    """Run `main` as a process of its own until it is told to stop; gives the exit code.

    `sections` names further settings by their table in the settings file; all mistakes in all
    settings are told at once, and the exit code is `EXIT_SETTINGS`.
    """
    configure_logs()
    try:
        wanted: list[tuple[str, type[msgspec.Struct]]] = [("runtime", RuntimeSettings), *(sections or {}).items()]
        loaded = load_several(wanted, environment())
        settings = cast("RuntimeSettings", loaded[RuntimeSettings])
        needed(settings)
    except SettingsError as error:
        return tell_mistakes(name, error)
    configure_logs(level=settings.log_level, style=settings.log_format)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run(name, main, settings, loaded))


def needed(settings: RuntimeSettings) -> None:
    """Raise `SettingsError` for what a service can't do without."""
    missing = [name for name in ("nats_url", "secret") if not getattr(settings, name)]
    if missing:
        raise SettingsError([Mistake(f"FRONTLINE_{name.upper()}", "is not set") for name in missing])


def tell_mistakes(name: str, error: SettingsError) -> int:
    """Log each mistake on a line of its own; gives the exit code for it."""
    log = logger(name)
    for mistake in error.mistakes:
        log.error("settings.mistake", where=mistake.where, what=mistake.what)
    return EXIT_SETTINGS


def utc_now() -> datetime:
    """The clock of a process; everything below the entry point is handed one."""
    return datetime.now(UTC)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


async def _run(
    name: str, main: Main, settings: RuntimeSettings, loaded: dict[type[msgspec.Struct], msgspec.Struct]
) -> int:
    assert settings.secret is not None
    log = logger(name, instance=settings.instance or f"{socket.gethostname()}-{os.getpid()}")
    metrics, health = Metrics(name), Health()
    bus = Bus(name=name)
    ops = OpsServer(health, metrics)
    service: Service | None = None
    code = EXIT_CRASH
    try:
        async with asyncio.TaskGroup() as tasks:
            service = Service(
                name=name,
                settings=settings,
                bus=bus,
                health=health,
                log=log,
                metrics=metrics,
                signer=Signer(settings.secret.encode()),
                clock=utc_now,
                tasks=tasks,
                status=Status(name=name, pid=os.getpid()),
                sections=loaded,
            )
            _on_signals(service)
            watch_bus(service)
            service.status.ops = await ops.start(settings.ops_host, settings.ops_port)
            health.started = True
            log.info("service.started", ops=service.status.ops, env=settings.env)
            service.tell()
            await _until_done(service, main)
        code = EXIT_OK
    except* SettingsError as group:
        code = EXIT_SETTINGS
        for error in _leaves(group):
            tell_mistakes(name, cast("SettingsError", error))
    except* Exception as group:
        for error in _leaves(group):
            metrics.failed("crash")
            log.error("service.crashed", exc_info=error)
    finally:
        health.draining = True
        try:
            await bus.close()
        finally:
            await ops.stop()
        log.info("service.stopped", code=code)
    return code


async def _until_done(service: Service, main: Main) -> None:
    """Run `main` until it ends, or for the drain time after the stop was asked for."""
    if service.settings.parent_pid is not None:
        service.spawn(_watch_parent(service, service.settings.parent_pid), "parent")
    service.spawn(_connect(service), "connect")

    async def run() -> None:
        await main(service)

    body = service.tasks.create_task(run(), name="main")
    stop = service.tasks.create_task(service.stopping.wait(), name="stopping")
    try:
        await asyncio.wait({body, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not body.done():
            _, late = await asyncio.wait({body}, timeout=service.settings.drain_seconds)
            if late:
                service.log.warning("service.drain_exceeded", seconds=service.settings.drain_seconds)
    finally:
        stop.cancel()
        service.cancel_background()
    await _end(service.log, {body, *service.background})


async def _end(log: Log, tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel what is left of them, and again who has not heard it: before Python 3.12 `wait_for` may swallow it, and so does
    nats-py. Who will not hear at all does not keep the process.
    """
    for _ in range(_CANCELS):
        left = {task for task in tasks if not task.done()}
        for task in left:
            task.cancel()
        if not left:
            return
        await asyncio.wait(left, timeout=_CANCEL_SECONDS)
    if deaf := sorted(task.get_name() for task in tasks if not task.done()):
        log.error("service.deaf", tasks=deaf)
        os._exit(EXIT_CRASH)


async def _connect(service: Service) -> None:
    """Connect in the background, for as long as that takes; afterwards the bus looks after itself."""
    assert service.settings.nats_url is not None
    service.log.info("nats.connecting")
    try:
        await service.bus.connect(service.settings.nats_url, **service.settings.nats_login.client())
    except nats.errors.Error as error:  # whatever may pass by itself is tried again inside
        raise SettingsError([Mistake("FRONTLINE_NATS_URL", "is not the URL of a NATS server")]) from error
    settle()  # what waits for the connection has been loaded by now, and has no work yet


def watch_bus(service: Service) -> None:
    """Readiness, a figure and a log line for the connection to NATS."""
    bus, health = service.bus, service.health
    health.check("nats", lambda: None if bus.connected else f"no connection to NATS: {bus.trouble or 'not yet'}")

    def changed(connected: bool) -> None:  # noqa: FBT001 - the signature of a listener
        service.metrics.nats_connected.set(int(connected))
        if connected:
            service.log.info("nats.connected")
        elif not service.stopping.is_set():
            service.log.warning("nats.lost")

    bus.on_change(changed)


def _on_signals(service: Service) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        if service.stopping.is_set():
            os._exit(EXIT_CRASH)
        service.log.info("service.stopping", signal=number.name)
        service.health.draining = True
        service.stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)

    def hang_up() -> None:
        service.log.info("service.hung_up")
        service.hung_up.set()

    loop.add_signal_handler(signal.SIGHUP, hang_up)


async def _watch_parent(service: Service, parent: int) -> None:
    await outlive_not(parent)
    if not service.stopping.is_set():
        service.log.warning("service.orphaned")
        service.health.draining = True
        service.stopping.set()


def _leaves(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
