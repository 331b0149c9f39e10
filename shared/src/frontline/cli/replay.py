"""`frontline replay`."""

import asyncio
from argparse import Namespace
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

from frontline.cli.output import line
from frontline.cli.reach import on_bus, secret
from frontline.contract.channel import Replays
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable
from frontline.contract.ids import ChannelName, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.checkpoints import ChannelCheckpoints
from frontline.runtime.directory import Directory
from frontline.runtime.host import HostSettings, load_plugin
from frontline.runtime.metrics import ChannelMeter, Metrics
from frontline.runtime.objects import Objects
from frontline.runtime.replay import Outcome, ReplayHost, Unwritten, originals, replay
from frontline.runtime.settings import RuntimeSettings, environment, load_several
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import configure_logs, logger

_DIRECTORY_SECONDS = 10.0


def run(arguments: Namespace) -> int:
    since = instant(arguments.since) if arguments.since else None
    messages = {MessageId(each) for each in arguments.message}
    if bool(messages) == bool(since):
        raise SettingsError([Mistake("frontline replay", "needs ids of messages, or --since")])
    configure_logs(level="warning")
    settings = cast("RuntimeSettings", load_several([("runtime", RuntimeSettings)], environment())[RuntimeSettings])
    signer = Signer(secret(settings).encode())
    publish = not arguments.dry_run

    async def work(bus: Bus) -> Counter[Outcome]:
        found = await originals(bus, messages=messages, since=since)
        if sum(map(len, found.values())) < len(messages):
            raise Rejected("not every one of these messages is there with its original", Reason.NOT_FOUND)
        outcomes: Counter[Outcome] = Counter()
        for name, places in found.items():
            channel, limit = await _channel(name, bus, signer, write=publish)
            async for done in replay(bus, channel, signer, places, limit=limit, publish=publish):
                outcomes[done.outcome] += 1
                line(f"{done.message}  contact {done.contact}  {done.outcome}{done.detail and f': {done.detail}'}")
        return outcomes

    outcomes = on_bus(environment(), work)
    line(", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "No such message.")
    return 1 if outcomes[Outcome.FAILED] else 0


def instant(text: str) -> datetime:
    """An ISO 8601 date or time; UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError([Mistake("--since", f"{text!r} is no ISO 8601 time such as 2026-01-31T08:00Z")]) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def _channel(name: ChannelName, bus: Bus, signer: Signer, *, write: bool) -> tuple[Replays, int]:
    """The plug-in with what it needs to read, the inboxes loaded; and how large a message may be."""
    plugin = load_plugin(name)
    loaded = load_several([("host", HostSettings), (f"channel.{name}", plugin.Settings)], environment())
    log, metrics = logger("frontline-replay"), Metrics("frontline-replay")
    directory = Directory(bus, name, log, metrics)
    following = asyncio.create_task(directory.follow())
    try:
        async with asyncio.timeout(_DIRECTORY_SECONDS):
            while not directory.loaded:
                await asyncio.wait([following], timeout=0.02)
    except TimeoutError as error:
        raise Unavailable(f"no inbox of {name} is in the directory: the router writes it when it leads") from error
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    store = Objects(bus)
    host = ReplayHost(
        inboxes=directory,
        objects=store if write else Unwritten(store),
        checkpoints=ChannelCheckpoints(bus, name),
        log=log,
        meter=ChannelMeter(metrics, name, log),
        signer=signer,
        channel=name,
    )
    channel = plugin(loaded[plugin.Settings], host)
    if not isinstance(channel, Replays):
        raise Rejected(f"the channel {name} can't read its originals again", Reason.NOT_FOUND)
    return channel, cast("HostSettings", loaded[HostSettings]).message_bytes
