"""Reads a configuration, checked whole: either it is right, or every mistake is told at once."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import msgspec

from frontline.configuration.calendar import Calendar
from frontline.configuration.closing import closed_days
from frontline.configuration.concerned import unconcerned, unheard
from frontline.configuration.locate import locate
from frontline.configuration.model import Configuration
from frontline.configuration.notify import Notify
from frontline.configuration.reachable import unreachable
from frontline.configuration.rules import breaches
from frontline.configuration.shape import Found, Place, Shape
from frontline.configuration.shift import Shift
from frontline.configuration.whole import dangling, repeated, strangers, too_dear, too_far, unskilled
from frontline.contract.error import Mistake, SettingsError

_SYNTAX = re.compile(r"(?P<what>.*) \(at (line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


def load(path: Path, today: date | None = None) -> Configuration:
    """The configuration in a file, or in all `*.toml` of a folder together. Raises `SettingsError`."""
    return load_texts(_texts(path), today)


def load_texts(texts: Iterable[tuple[str, bytes]], today: date | None = None) -> Configuration:
    """The same from what is in memory: pairs of a name for messages and the bytes of a file.

    `today` says for which years holidays are worked out.
    """
    shape = Shape()
    parsed = [_parse(name, data) for name, data in texts]
    unreadable = [file for file in parsed if isinstance(file, Mistake)]
    files = [file for file in parsed if not isinstance(file, Mistake)]
    parts = [shape.configuration(data, place) for data, place in files]
    mistakes = [*unreadable, *shape.mistakes, *_breaches(shape.found), *repeated(shape.found)]
    if not unreadable:
        mistakes += dangling(shape.found, shape.ids)
        mistakes += [*strangers(shape.found), *unconcerned(shape.found), *unheard(shape.found)]
        mistakes += unreachable(shape.found)
    closed, wrong = closed_days(shape.found, today or datetime.now(UTC).date())
    mistakes += wrong
    if not mistakes:
        mistakes += [*too_dear(shape.found), *too_far(shape.found), *unskilled(shape.found)]
    if not mistakes and not any(part.desks for part in parts):
        mistakes.append(Mistake(files[0][1].file, "there is no desk: add a [[desk]]"))
    if mistakes:
        raise SettingsError(_in_order(mistakes))
    return Configuration(
        version=max(part.version for part in parts),
        desks=tuple(desk for part in parts for desk in part.desks),
        policies=tuple(policy for part in parts for policy in part.policies),
        calendars=tuple(
            msgspec.structs.replace(calendar, closed=closed[calendar.id])
            for part in parts
            for calendar in part.calendars
        ),
    )


def _texts(path: Path) -> Sequence[tuple[str, bytes]]:
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise SettingsError([Mistake(str(path), "this folder has no file whose name ends in .toml")])
    texts, mistakes = [], []
    for file in files:
        try:
            texts.append((str(file), file.read_bytes()))
        except OSError as error:
            mistakes.append(Mistake(str(file), f"can't be read: {error.strerror}"))
    if mistakes:
        raise SettingsError(mistakes)
    return texts


def _parse(name: str, data: bytes) -> tuple[dict[str, Any], Place] | Mistake:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Mistake(f"{name}:{line}", "this is not UTF-8")
    try:
        return tomllib.loads(text), Place(name, locate(text))
    except tomllib.TOMLDecodeError as error:
        return _syntax(name, text, str(error))
    except RecursionError:
        return Mistake(name, "this is nested too deeply")


def _syntax(name: str, text: str, error: str) -> Mistake:
    match = _SYNTAX.match(error)
    line = match["line"] if match else None
    what = match["what"] if match else error
    return Mistake(f"{name}:{line or len(text.splitlines()) or 1}", f"not valid TOML: {what[:1].lower()}{what[1:]}")


def _breaches(found: Sequence[Found]) -> Iterable[Mistake]:
    zones = (
        available_timezones()
        if any(isinstance(item.value, Calendar | Shift | Notify) for item in found)
        else set[str]()
    )
    for item in found:
        for path, what in breaches(item.value, zones):
            place = item.place
            for key in path:
                place = place / key
            if path[0] not in item.broken:
                yield Mistake(str(place), what)


def _in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    def place(mistake: Mistake) -> tuple[str, int]:
        file, _, line = mistake.where.rpartition(":")
        return (file, int(line)) if line.isdigit() else (mistake.where, 0)

    return sorted(mistakes, key=place)
