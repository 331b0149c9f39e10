"""Commands that channels bring along: run with the host that the channel has, in a process that ends with the command."""

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from frontline.cli.reach import on_bus, secret
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from frontline.runtime.directory import Directory
from frontline.runtime.health import Health
from frontline.runtime.host import ChannelHost, HostSettings, load_plugin
from frontline.runtime.metrics import Metrics
from frontline.runtime.service import Service, utc_now
from frontline.runtime.settings import RuntimeSettings, load_several
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import configure_logs, logger

_DIRECTORY_SECONDS = 10.0


def run_hosted(arguments: Namespace, environ: Mapping[str, str]) -> int:
    """Do `arguments.hosted`; gives its exit code. It has the rights of the NATS user that the environment names, which
    should be the channel's.
    """
    name = ChannelName(arguments.channel)
    configure_logs(level="warning")
    plugin = load_plugin(name)
    sections = [("runtime", RuntimeSettings), ("host", HostSettings), (f"channel.{name}", plugin.Settings)]
    loaded = load_several(sections, environ)
    settings = cast("RuntimeSettings", loaded[RuntimeSettings])
    signer = Signer(secret(settings).encode())

    async def work(bus: Bus) -> int:
        async with asyncio.TaskGroup() as tasks:
            service = Service(
                name=f"intake-{name}",
                settings=settings,
                bus=bus,
                health=Health(),
                log=logger(f"intake-{name}-command"),
                metrics=Metrics(f"intake-{name}"),
                signer=signer,
                clock=utc_now,
                tasks=tasks,
                sections=loaded,
            )
            directory = Directory(bus, name, service.log, service.metrics)
            following = tasks.create_task(directory.follow())
            try:
                await _loaded(directory, following)
                host = ChannelHost(service, name, directory)
                code: int = await arguments.hosted(arguments, loaded[plugin.Settings], host, host.receive)
            finally:
                following.cancel()
            return code

    try:
        return on_bus(environ, work)
    except BaseExceptionGroup as group:
        # The command's own error: the one task beside it only follows.
        raise group.exceptions[0] from None


async def _loaded(directory: Directory, following: "asyncio.Task[None]") -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_DIRECTORY_SECONDS):
            while not directory.loaded:
                await asyncio.wait([following], timeout=0.02)
            return
    raise Unavailable("no inbox of this channel is in the directory: the router writes it when it leads")
