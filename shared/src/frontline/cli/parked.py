"""`frontline parked list | show | release | drop`."""

import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable

import msgspec

from frontline.cli.output import line, table
from frontline.cli.reach import on_bus
from frontline.contract.channel import Log
from frontline.contract.error import Reason, Rejected
from frontline.runtime import parked
from frontline.runtime.bus import Bus
from frontline.runtime.settings import environment
from frontline.runtime.telemetry import configure_logs, logger

_PAGE = 100


def list_items(arguments: Namespace) -> int:
    items = [item for item in on_bus(environment(), _all) if _wanted(item, arguments)]
    if not items:
        line("Nothing is parked.")
        return 0
    rows = [
        (str(item.id), f"{item.at:%Y-%m-%d %H:%M:%S}Z", item.note.service, item.note.reason, item.note.error)
        for item in items
    ]
    table(("ID", "PARKED AT", "SERVICE", "REASON", "ERROR"), rows)
    return 0


def show_item(arguments: Namespace) -> int:
    item = on_bus(environment(), lambda bus: parked.show(bus, arguments.id))
    if item is None:
        raise Rejected(f"nothing is parked under {arguments.id}", Reason.NOT_FOUND)
    if not arguments.raw:
        note = item.note
        known = {"id": str(item.id), "at": item.at.isoformat(), "service": note.service, "reason": note.reason}
        for key, value in {**known, "from": note.subject, "error": note.error, **note.ids}.items():
            line(f"{key}: {value}")
        line(f"{len(item.payload)} bytes:")
    sys.stdout.flush()
    sys.stdout.buffer.write(item.payload if arguments.raw else _readable(item.payload))
    return 0


def release_items(arguments: Namespace) -> int:
    return _each(arguments.id, parked.release, "released")


def drop_items(arguments: Namespace) -> int:
    why: str = arguments.reason

    async def drop(bus: Bus, number: int, log: Log) -> bool:
        return await parked.drop(bus, number, why, log)

    return _each(arguments.id, drop, "dropped")


def _each(numbers: list[int], act: Callable[[Bus, int, Log], Awaitable[bool]], done: str) -> int:
    configure_logs()
    log = logger("frontline-command")

    async def run(bus: Bus) -> list[int]:
        missing = []
        for number in numbers:
            if await act(bus, number, log):
                line(f"{number} {done}")
            else:
                missing.append(number)
        return missing

    missing = on_bus(environment(), run)
    if missing:
        raise Rejected(f"nothing is parked under {', '.join(map(str, missing))}", Reason.NOT_FOUND)
    return 0


async def _all(bus: Bus) -> list[parked.Parked]:
    found: list[parked.Parked] = []
    while True:
        page = await parked.list_parked(bus, after=found[-1].id if found else 0, limit=_PAGE)
        found += page
        if len(page) < _PAGE:
            return found


def _wanted(item: parked.Parked, arguments: Namespace) -> bool:
    return arguments.service in (None, item.note.service) and arguments.reason in (None, item.note.reason)


def _readable(payload: bytes) -> bytes:
    """JSON over several lines; anything else with what a terminal would act upon made visible."""
    try:
        return msgspec.json.format(payload, indent=2) + b"\n"
    except msgspec.DecodeError:
        text = payload.decode("utf-8", errors="backslashreplace")
        return (
            "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in text).encode()
            + b"\n"
        )
