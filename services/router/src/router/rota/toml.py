"""Shifts as the TOML that a configuration takes. Pure."""

import json
from collections.abc import Iterable, Sequence

from frontline.configuration.shift import Override, Shift


def toml_of(shifts: Iterable[Shift]) -> str:
    """One `[[desk.shift]]` each; to be put behind the `[[desk]]` that they are of."""
    return "\n".join("\n".join(_shift(shift)) + "\n" for shift in shifts)


def _shift(shift: Shift) -> list[str]:
    lines = ["[[desk.shift]]", f"id = {_text(shift.id)}"]
    lines += [f"zone = {_text(shift.zone)}", f"days = {_list(shift.days)}"]
    lines += [f"begins = {_text(shift.begins)}", f"ends = {_text(shift.ends)}"]
    if shift.agents:
        lines.append(f"agents = {_list(shift.agents)}")
    if shift.weeks:
        lines.append(f"weeks = [{', '.join(_list(crew) for crew in shift.weeks)}]")
    lines += [f"{key} = {day}" for key, day in (("since", shift.since), ("until", shift.until)) if day is not None]
    if shift.available:
        lines.append("available = true")
    return lines + [line for override in shift.overrides for line in _override(override)]


def _override(override: Override) -> list[str]:
    lines = ["", "[[desk.shift.override]]", f"day = {override.day}"]
    if override.agents is not None:
        lines.append(f"agents = {_list(override.agents)}")
    times = (("begins", override.begins), ("ends", override.ends))
    return lines + [f"{key} = {_text(text)}" for key, text in times if text is not None]


def _list(words: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, words))}]"


def _text(text: str) -> str:
    """A basic string: TOML's escapes are those of JSON."""
    return json.dumps(text)
