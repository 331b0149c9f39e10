"""`frontline erase customer | contact | list | journal | again`.

All of it is the journal of erasures: the desks' leaders carry out what is written there, now or when they are back.
"""

import sys
from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from frontline.cli.output import line, table
from frontline.cli.reach import on_bus
from frontline.contract.channel import Inbox
from frontline.contract.erasure import Kind, Name, name_of
from frontline.contract.error import Mistake, Rejected, SettingsError
from frontline.contract.ids import CustomerId, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.journal import Journal, Noted
from frontline.runtime.reader import read
from frontline.runtime.settings import environment
from frontline.runtime.topology import DIRECTORY


def customer(arguments: Namespace) -> int:
    return _ask_for("customer", arguments.id)


def contact(arguments: Namespace) -> int:
    return _ask_for("contact", arguments.id)


def list_all(_: Namespace) -> int:
    noted = on_bus(environment(), lambda bus: Journal(bus).all())
    if not noted:
        line("Nobody has been erased.")
        return 0
    rows = [
        (each.name.kind, each.name.id, each.name.desk, f"{each.erasure.at:%Y-%m-%d %H:%M:%S}Z", _state(each))
        for each in noted
    ]
    table(("WHAT", "ID", "DESK", "ASKED AT", "STATE"), rows)
    return 0


def journal(_: Namespace) -> int:
    """One line for each: the name, and for a customer who comes after."""
    for each in on_bus(environment(), lambda bus: Journal(bus).all()):
        line(f"{each.name} {each.erasure.successor}".rstrip())
    return 0


def again(arguments: Namespace) -> int:
    """What the file names and NATS does not know, and everything that NATS has noted."""
    wanted = _read(arguments.file) if arguments.file else []

    async def run(bus: Bus) -> int:
        kept = Journal(bus)
        for name, successor in wanted:
            await kept.ask_for(name, datetime.now(UTC), successor=successor)
        noted = await kept.all()
        for each in noted:
            await kept.again(each)
        return len(noted)

    line(f"{on_bus(environment(), run)} erasures begin again; `frontline erase list` tells how far they are.")
    return 0


def _ask_for(kind: Kind, ids: Iterable[str]) -> int:
    names = [name_of(str(Name(DeskId("any"), kind, id_))) for id_ in ids]
    if None in names:
        raise SettingsError([Mistake("ID", f"must be the id of a {kind}, as the API shows it")])

    async def run(bus: Bus) -> set[DeskId]:
        desks = {
            msgspec.json.decode(item.data, type=Inbox).desk
            async for item in read(bus, f"KV_{DIRECTORY}", f"$KV.{DIRECTORY}.>")
            if item.data
        }
        for desk in sorted(desks):
            for name in filter(None, names):
                await Journal(bus).ask_for(Name(DeskId(desk), kind, name.id), datetime.now(UTC))
        return {DeskId(desk) for desk in desks}

    desks = on_bus(environment(), run)
    if not desks:
        raise Rejected("there is no desk yet: has a router been started?")
    line(f"Asked of {', '.join(sorted(desks))}; `frontline erase list` tells how far it is.")
    return 0


def _state(noted: Noted) -> str:
    erasure = noted.erasure
    if erasure.done is not None:
        return "done"
    if erasure.passes == 0:
        return "asked for"
    if erasure.passes == 1:
        return "erased; to be gone through again"
    return f"waits for {', '.join(sorted(erasure.waits)) or 'the last look'}"


def _read(file: Path) -> list[tuple[Name, CustomerId]]:
    """Raises `SettingsError` with every line that is none of a journal."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError([Mistake(str(file), f"can't be read: {error.strerror}")]) from error
    found, mistakes = [], []
    for number, given in enumerate(text.splitlines(), 1):
        key, _, successor = given.strip().partition(" ")
        name = name_of(key)
        if name is not None:
            found.append((name, CustomerId(successor)))
        elif key:
            mistakes.append(Mistake(f"{file}:{number}", "is no line of a journal"))
    if mistakes:
        raise SettingsError(mistakes)
    return found
