"""The figures of a simulation as a picture: what changes, hour by hour, and who has how much to do. Pure."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from router.simulate.figures import Figures, HourFigures
from router.simulate.svg import Drawing
from router.simulate.table import short, spoken
from router.simulate.whole import Whole, whole

_INK, _SOFT, _FAINT, _GRID, _PANEL = "#0f172a", "#64748b", "#94a3b8", "#e2e8f0", "#f8fafc"
_LOST = "#e11d48"
_COLOURS = ("#6366f1", "#0d9488")
"""Of the first desk and of the second."""

_WIDTH, _EDGE, _GAP = 1080.0, 40.0, 20.0
_INNER = _WIDTH - 2 * _EDGE
_TILE, _CHART, _ROW = 104.0, 190.0, 26.0


def picture(desks: Sequence[Figures], *, title: str, about: str, level: timedelta) -> str:
    """SVG. One desk, or two on the same days."""
    names = list(dict.fromkeys(agent.agent for desk in desks for agent in desk.agents))
    height = 108 + _TILE + 64 + 2 * (_CHART + 84) + len(names) * _ROW + 32
    drawing = Drawing(_WIDTH, height, title)
    drawing.rectangle((0, 0), _WIDTH, height, "#ffffff")
    drawing.text((_EDGE, 52), title, size=26, colour=_INK, weight=700)
    drawing.text((_EDGE, 78), about, size=14, colour=_SOFT)
    _legend(drawing, desks)
    top = 108.0
    _tiles(drawing, desks, top, level)
    shown = _busy_hours(desks)
    top += _TILE + 64
    _columns(drawing, desks, shown, top)
    top += _CHART + 84
    _levels(drawing, desks, shown, top, level)
    top += _CHART + 84
    _agents(drawing, desks, names, top)
    return str(drawing)


def _legend(drawing: Drawing, desks: Sequence[Figures]) -> None:
    if len(desks) < 2:
        return
    x = _WIDTH - _EDGE
    for desk, colour in reversed(list(zip(desks, _COLOURS, strict=False))):
        x -= 8.4 * len(desk.name) + 24  # wide enough for any font; what is too much is left over at the right
        drawing.dot((x, 47), 7, colour)
        drawing.text((x + 14, 52), desk.name, size=14, colour=_INK, weight=600)
        x -= 10


def _tiles(drawing: Drawing, desks: Sequence[Figures], top: float, level: timedelta) -> None:
    said: tuple[tuple[str, Callable[[Whole], str]], ...] = (
        (f"served within {spoken(level)}", lambda all_: f"{all_.level:.0%}"),
        ("gave up", lambda all_: f"{all_.left:.1%}"),
        ("nine of ten waited less than", lambda all_: short(all_.wait)),
        ("agents are busy", lambda all_: f"{all_.busy:.0%}"),
    )
    width = (_INNER - _GAP * (len(said) - 1)) / len(said)
    for number, (label, value) in enumerate(said):
        left = _EDGE + number * (width + _GAP)
        drawing.rectangle((left, top), width, _TILE, _PANEL, radius=12)
        drawing.text((left + 18, top + 30), label, size=13, colour=_SOFT)
        for place, (desk, colour) in enumerate(zip(desks, _COLOURS, strict=False)):
            x = left + 18 + place * (width - 18) / 2
            drawing.text(
                (x, top + 76), value(whole(desk)), size=30 if len(desks) == 1 else 24, colour=colour, weight=700
            )


def _columns(drawing: Drawing, desks: Sequence[Figures], hours: range, top: float) -> None:
    most = max((desk.hours[hour].came for desk in desks for hour in hours), default=1) or 1
    most *= 1.12  # room for what is written above
    _heading(
        drawing,
        top,
        "Who comes live, and who gives up",
        "customers an hour, in red those who gave up; above it the people there",
    )
    _axis(drawing, hours, top, [(number / most, f"{number:g}") for number in _round_numbers(most)])
    slot = _INNER / len(hours)
    width = min(slot * 0.36, 26) if len(desks) > 1 else min(slot * 0.6, 44)
    for place, hour in enumerate(hours):
        for number, (desk, colour) in enumerate(zip(desks, _COLOURS, strict=False)):
            at = desk.hours[hour]
            left = _EDGE + place * slot + slot / 2 + (number - len(desks) / 2) * (width + 2)
            came, lost = at.came / most * _CHART, at.left / most * _CHART
            drawing.rectangle((left, top + _CHART - came), width, came, colour, radius=3, opacity=0.35)
            drawing.rectangle((left, top + _CHART - lost), width, lost, _LOST, radius=2)
            there = (left + width / 2, top + _CHART - came - 7)
            if at.people or at.came:
                drawing.text(there, _people(at), size=12, colour=colour, weight=700, anchor="middle")


def _levels(drawing: Drawing, desks: Sequence[Figures], hours: range, top: float, level: timedelta) -> None:
    _heading(drawing, top, f"Served within {spoken(level)}", "of those who came live in the hour")
    _axis(drawing, hours, top, [(1.0, "100%"), (0.8, "80%"), (0.5, "50%"), (0.0, "0%")])
    slot = _INNER / len(hours)
    for desk, colour in zip(desks, _COLOURS, strict=False):
        points = [
            (_EDGE + (place + 0.5) * slot, top + _CHART * (1 - part))
            for place, hour in enumerate(hours)
            if (part := desk.hours[hour].level) is not None
        ]
        if points:
            drawing.line(points, colour, width=3)
        for point in points:
            drawing.dot(point, 4.5, colour)


def _agents(drawing: Drawing, desks: Sequence[Figures], names: Sequence[str], top: float) -> None:
    _heading(drawing, top, "Who is busy", "part of the time there; live and written work")
    label, bar = 150.0, _INNER - 150 - 150
    for row, name in enumerate(names):
        y = top + row * _ROW
        drawing.text((_EDGE, y + 15), name, size=13, colour=_INK)
        thick = 16 / len(desks)
        for number, (desk, colour) in enumerate(zip(desks, _COLOURS, strict=False)):
            found = next((agent for agent in desk.agents if agent.agent == name), None)
            at = (_EDGE + label, y + 2 + number * (thick + 1))
            drawing.rectangle(at, bar, thick, _GRID, radius=thick / 2, opacity=0.6)
            if found is not None and found.present:
                drawing.rectangle(at, bar * min(found.busy, 1), thick, colour, radius=thick / 2)
        told = [agent for desk in desks for agent in desk.agents if agent.agent == name and agent.present]
        words = " → ".join(f"{agent.busy:.0%}" for agent in told)
        drawing.text((_WIDTH - _EDGE, y + 15), words, size=13, colour=_SOFT, weight=600, anchor="end")


def _heading(drawing: Drawing, top: float, words: str, more: str) -> None:
    drawing.text((_EDGE, top - 24), words, size=16, colour=_INK, weight=700)
    drawing.text((_WIDTH - _EDGE, top - 24), more, size=13, colour=_FAINT, anchor="end")


def _axis(drawing: Drawing, hours: range, top: float, marks: Sequence[tuple[float, str]]) -> None:
    for part, words in marks:
        y = top + _CHART * (1 - part)
        drawing.line([(_EDGE, y), (_WIDTH - _EDGE, y)], _GRID)
        drawing.text((_EDGE - 8, y + 4), words, size=11, colour=_FAINT, anchor="end")
    slot = _INNER / len(hours)
    for place, hour in enumerate(hours):
        drawing.text(
            (_EDGE + (place + 0.5) * slot, top + _CHART + 20), f"{hour}", size=12, colour=_SOFT, anchor="middle"
        )


def _round_numbers(most: float) -> list[float]:
    """From 0 up to `most`, in four steps or a few more."""
    step = next(step for step in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, most) if most / step <= 6)
    return [number * step for number in range(int(most / step) + 1)]


def _people(hour: HourFigures) -> str:
    return f"{hour.people:.0f}" if abs(hour.people - round(hour.people)) < 0.05 else f"{hour.people:.1f}"


def _busy_hours(desks: Sequence[Figures]) -> range:
    """From the first hour in which anything happens to the last."""
    busy = [at.hour for desk in desks for at in desk.hours if at.came or at.people]
    return range(min(busy), max(busy) + 1) if busy else range(24)
