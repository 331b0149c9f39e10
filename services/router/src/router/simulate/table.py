"""The figures of a simulation in words and columns, one desk or two side by side. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from router.simulate.figures import AgentFigures, Figures, InboxFigures

Rows = list[list[str]]


def lines(desks: Sequence[Figures], level: timedelta) -> Iterator[str]:
    """One or two desks on the same days; of two, each row has one behind the other."""
    first = desks[0]
    yield f"{first.days} simulated {'day' if first.days == 1 else 'days'}; figures are those of one day, on average."
    yield ""
    yield from _aligned(_inboxes(desks, level))
    yield ""
    yield from _aligned(_agents(desks))
    yield ""
    for desk in desks:
        if desk.evenness is not None:
            told = "evenly" if desk.evenness > 0.8 else "unevenly"
            yield f"{desk.name}: work falls {told}; the least busy agent is {desk.evenness:.0%} as busy as the busiest."


def _inboxes(desks: Sequence[Figures], level: timedelta) -> Rows:
    several = len(desks) > 1
    head = [
        "INBOX",
        "",
        "CAME",
        "SERVED",
        "GAVE UP",
        f"IN {spoken(level).upper()}",
        "WAIT P50",
        "P90",
        "P99",
        "BREACHED",
    ]
    rows = [[*head, "TOLD"]]
    for name in dict.fromkeys(inbox.name for desk in desks for inbox in desk.inboxes):
        found = [(desk, inbox) for desk in desks for inbox in desk.inboxes if inbox.name == name]
        rows += [
            ["" if place else name, desk.name if several else "", *_inbox(inbox, desk.days)]
            for place, (desk, inbox) in enumerate(found)
        ]
    return rows


def _inbox(inbox: InboxFigures, days: int) -> list[str]:
    return [
        per_day(inbox.came, days),
        per_day(inbox.served, days),
        f"{inbox.left / inbox.came:.1%}" if inbox.live else "-",
        f"{inbox.level:.1%}",
        *(short(wait) for wait in inbox.waits),
        per_day(inbox.breached, days),
        "-" if inbox.off is None else f"{'+' if inbox.off >= timedelta(0) else '-'}{short(abs(inbox.off))}",
    ]


def _agents(desks: Sequence[Figures]) -> Rows:
    several = len(desks) > 1
    rows = [["AGENT", "", "THERE", "BUSY", "SERVED"]]
    for name in dict.fromkeys(agent.agent for desk in desks for agent in desk.agents):
        found = [(desk, agent) for desk in desks for agent in desk.agents if agent.agent == name]
        rows += [
            ["" if place else str(name), desk.name if several else "", *_agent(agent)]
            for place, (desk, agent) in enumerate(found)
        ]
    return rows


def _agent(agent: AgentFigures) -> list[str]:
    return [short(agent.present), f"{agent.busy:.0%}", f"{agent.served:.1f}"]


def _aligned(rows: Rows) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            if width
        ]
        yield "  ".join(cells).rstrip()


def per_day(number: int, days: int) -> str:
    return f"{number / days:.0f}" if number / days >= 10 else f"{number / days:.1f}"


def spoken(time: timedelta) -> str:
    """As one says it, if it is a round time."""
    seconds = time.total_seconds()
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:g} s"


def short(time: timedelta) -> str:
    """In two units at most: `45s`, `3m10s`, `2h05m`, `3d04h`."""
    seconds = round(time.total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
    return f"{seconds // 86_400}d{seconds % 86_400 // 3600:02}h"
