"""`frontline desk apply`: let running desks take over a changed configuration.

A start never changes what a log has (see "Configuration" in the design); this does, if the version is
higher. The leader decides it like any command: everything before it was decided by the old settings,
everything after it by the new ones.
"""

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from frontline.cli.output import line
from frontline.cli.reach import on_bus
from frontline.configuration.load import load
from frontline.configuration.model import Configuration, Desk
from frontline.contract import subject
from frontline.contract.error import Mistake, SettingsError, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.command import ApplySettings
from router.core.refusal import Refused
from router.desk.command_port import CommandRequest, ask
from router.desk.settings import desk_settings, elsewhere

_TRIES = 5
_PAUSE_SECONDS = 1.0


class _Stored(msgspec.Struct):
    seq: int


class _Found(msgspec.Struct):
    message: _Stored | None = None


def add(commands: Any) -> None:
    about = "let running desks take over a changed configuration, if its version is higher"
    parser = commands.add_parser("apply", help=about, description=f"{about[:1].upper()}{about[1:]}.")
    parser.add_argument("--config", type=Path, help="the configuration (unset: FRONTLINE_CONFIG)")
    parser.set_defaults(act=_apply)


def _apply(arguments: Namespace, environ: Mapping[str, str]) -> int:
    where = arguments.config or (Path(environ["FRONTLINE_CONFIG"]) if environ.get("FRONTLINE_CONFIG") else None)
    if where is None:
        raise SettingsError([Mistake("FRONTLINE_CONFIG", "is not set, and no --config is given")])
    configuration = load(where)
    refused = False
    for desk, problem in on_bus(environ, lambda bus: apply(bus, configuration)):
        refused = refused or bool(problem)
        line(f"{desk}: {problem or f'version {configuration.version} is in force.'}")
    if not refused:
        line("Each router takes it over, too, as soon as its own file says so.")
    return 1 if refused else 0


async def apply(bus: Bus, configuration: Configuration) -> list[tuple[DeskId, str]]:
    """Each desk with why it said no, empty if it took the settings. Raises `Unavailable` for one without a leader."""
    return [(desk.id, await _ask(bus, desk.id, request_for(configuration, desk))) for desk in configuration.desks]


def request_for(configuration: Configuration, desk: Desk) -> CommandRequest:
    """What its leader is asked so that a desk takes the configuration over."""
    settings = desk_settings(configuration, desk)
    command = ApplySettings(settings=settings, elsewhere=elsewhere(configuration, desk.id))
    return CommandRequest(command=command, request=f"apply:{desk.id}:{settings.version}", body={})


async def _ask(bus: Bus, desk: DeskId, request: CommandRequest) -> str:
    for left in reversed(range(_TRIES)):
        try:
            await ask(bus, desk, await _epoch(bus, desk), request)
            return ""
        except Refused as refused:
            return refused.detail
        except Unavailable:
            if left == 0:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


async def _epoch(bus: Bus, desk: DeskId) -> int:
    """The epoch in force: the sequence of the record that began it."""
    stream = subject.desk_stream(desk)
    last = msgspec.json.encode({"last_by_subj": subject.desk_epoch(desk)})
    answer = await bus.request(f"$JS.API.STREAM.MSG.GET.{stream}", last)
    found = msgspec.json.decode(answer.data, type=_Found)
    if found.message is None:
        raise Unavailable(f"desk {desk} has had no leader yet")
    return found.message.seq
