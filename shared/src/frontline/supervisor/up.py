"""`frontline up`: everything on one machine, from an empty directory to ready, until it is told to stop."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from frontline.contract.error import SettingsError
from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from frontline.runtime.settings import Secret
from frontline.runtime.signing import Signer
from frontline.supervisor.fleet import Fleet
from frontline.supervisor.home import Home, demo_configuration, locked, open_home, secret_of, write_private
from frontline.supervisor.leftover import Notes
from frontline.supervisor.log import ServiceLog
from frontline.supervisor.mark import is_marked, mark
from frontline.supervisor.nats import NAME, SupervisedServer
from frontline.supervisor.page import own_command, ready_page, shown
from frontline.supervisor.ports import taken
from frontline.supervisor.process import ProcessSpec, Supervised, Watch
from frontline.supervisor.record import up_record
from frontline.supervisor.roster import CHANNELS, SERVICES, Roster, installed, roster
from frontline.supervisor.settings import Given, UpSettings, service_environment, up_settings
from frontline.supervisor.storage import bound
from frontline.supervisor.terminal import has_terminal

Say = Callable[[str], None]


def up(environ: Mapping[str, str], say: Say) -> None:
    """Run until SIGINT or SIGTERM, or until the terminal is gone. SIGHUP goes on to the services. `SettingsError`
    before anything is started, or when a service does not take its settings; `Unavailable` when the embedded server
    can't be started.
    """
    began = time.monotonic()
    settings = up_settings(environ)
    os.umask(0o077)
    home = open_home(settings.runtime.data_dir)
    with locked(home):
        notes = Notes(home.run / "processes.json")
        for name in notes.end_leftovers():
            say(f"{name} was left over from a former run and has been ended")
        home.clear()
        secret = settings.runtime.secret or secret_of(home)
        config = demo_configuration(home) if settings.runtime.config is None else settings.runtime.config.absolute()
        plan = roster(settings.configuration, installed(CHANNELS), installed(SERVICES))
        mistakes = taken((spec.name for spec in plan.specs({})), environ)
        if mistakes:
            raise SettingsError(mistakes)
        run = _Run(environ, settings, home, notes, secret, config, plan, say, began)
        try:
            asyncio.run(run.main())
        finally:
            home.clear()


@dataclass(slots=True)
class _Run:
    environ: Mapping[str, str]
    settings: UpSettings
    home: Home
    notes: Notes
    secret: Secret
    config: Path
    roster: Roster
    say: Say
    began: float
    nats: str = ""
    written: bytes = b""
    over: bool = False

    async def main(self) -> None:
        stop = asyncio.Event()
        server = self._server()
        watch = Watch(self.say, lambda: self._changed(fleet), self.notes)
        fleet = Fleet(SupervisedServer(server, watch) if server else None)
        self._on_signals(stop, fleet)
        stopped = asyncio.create_task(stop.wait(), name="stopped")
        starting = asyncio.create_task(self._start(fleet, watch, server), name="starting")
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await fleet.until(stop)
            self.say("Stopping")
        finally:
            self.home.up.unlink(missing_ok=True)
            self.over = True
            starting.cancel()
            stopped.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
            await fleet.stop()

    async def _start(self, fleet: Fleet, watch: Watch, server: EmbeddedServer | None) -> None:
        fleet.start_server()
        await fleet.server_up()
        url, token, token_file = self._address(server)
        self.nats = with_token(url, token)
        given = Given(
            data_dir=self.home.root,
            config=self.config,
            nats_url=url,
            nats_token_file=token_file,
            secret_file=None if self.settings.runtime.secret else self.home.secret,
        )
        specs = self.roster.specs(service_environment(self.environ, given))
        members = [self._supervised(spec, watch) for spec in specs]
        self.say(f"Starting {', '.join([*([NAME] if server else []), *(spec.name for spec in specs)])}")
        known = server is not None and is_marked(self.home, self.settings)
        if known:
            fleet.start(members)  # what they need was there at the last start: they need not wait for our look at it
        await self._provision(url, token, embedded=server is not None)
        if not known:
            fleet.start(members)

    async def _provision(self, url: str, token: str | None, *, embedded: bool) -> None:
        room = await asyncio.to_thread(import_module, "frontline.supervisor.provision")  # takes half a second
        home = self.home if embedded else None
        wanted = room.wanted_topology(self.settings.configuration, self.settings.storage, home)
        async with room.connected(url, token, self.say) as bus:
            await room.provision_on(bus, wanted)
        if home is not None:
            mark(home, self.settings)

    def _supervised(self, spec: ProcessSpec, watch: Watch) -> Supervised:
        log = ServiceLog(self.home.log / f"{spec.name}.log")
        return Supervised(spec, self.home.run / f"{spec.name}.json", log, watch)

    def _changed(self, fleet: Fleet) -> None:
        """Write `up.json` once all are ready, and again when what it tells is no longer so."""
        told = {member.spec.name: member.status for member in fleet.members if member.status is not None}
        if self.over or not fleet.members or not fleet.ready:
            return
        pids = {"up": os.getpid()}
        if fleet.server is not None and fleet.server.server.running:
            pids[NAME] = fleet.server.server.pid
        record = up_record(self.settings.configuration, Signer(self.secret.encode()), self.nats, told, pids)
        data = msgspec.json.format(msgspec.json.encode(record)) + b"\n"
        if data == self.written:
            return
        write_private(self.home.up, data)
        if not self.written:
            seconds = time.monotonic() - self.began
            mailbox = Path(self.environ.get("FRONTLINE_MAILBOX_DIR") or self.home.mailbox)
            absent = self.roster.absent
            self.say(
                ready_page(
                    self.settings.configuration,
                    record,
                    self.home,
                    absent=absent,
                    mail_out=self.environ.get("FRONTLINE_SMTP_RELAY") or f"{shown(mailbox)}/",
                    seconds=seconds,
                    command=own_command(self.environ),
                )
            )
        self.written = data

    def _server(self) -> EmbeddedServer | None:
        if self.settings.runtime.nats_url:
            return None
        size = bound(self.home, self.settings.storage)
        sync = self.settings.storage.nats_sync
        token = secrets.token_urlsafe(24)
        return EmbeddedServer(ServerConfig(store=self.home.nats, token=token, sync=sync, max_file=size))

    def _address(self, server: EmbeddedServer | None) -> tuple[str, str | None, Path | None]:
        if server is None:
            assert self.settings.runtime.nats_url is not None
            return self.settings.runtime.nats_url, self.settings.runtime.nats_token, None
        assert server.token is not None
        file = self.home.run / "nats.token"
        write_private(file, server.token.encode())
        return server.url, server.token, file

    def _on_signals(self, stop: asyncio.Event, fleet: Fleet) -> None:
        loop = asyncio.get_running_loop()

        def asked() -> None:
            if stop.is_set():
                fleet.kill()
            stop.set()

        terminal = has_terminal()

        def hung_up() -> None:
            """Our terminal has gone, and we go with it; else somebody wants the configuration read again."""
            if terminal and not has_terminal():
                asked()
            else:
                self.say("Reading the configuration again")
                fleet.hang_up()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked)
        loop.add_signal_handler(signal.SIGHUP, hung_up)


def with_token(url: str, token: str | None) -> str:
    """`url` with the token as its user part, as NATS clients take it; for files of mode 0600 only."""
    parts = urlsplit(url)
    if not token or "@" in parts.netloc:
        return url
    return parts._replace(netloc=f"{quote(token, safe='')}@{parts.netloc}").geturl()
