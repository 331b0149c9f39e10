"""Turns as an iCalendar file: one event each, at its instants in UTC, so that swaps and changes of the
clocks are in it and every calendar shows the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from icalendar import Calendar, Event, vText

from frontline.contract.ids import AgentId, DeskId
from router.core.rota import Turn

PRODUCT = "-//Frontline//Rota//EN"
SHIFT = "X-FRONTLINE-SHIFT"
AGENTS = "X-FRONTLINE-AGENTS"


def calendar_of(turns: Iterable[Turn], *, desk: DeskId, names: Mapping[AgentId, str], now: datetime) -> bytes:
    """The bytes of a `.ics` file. A turn keeps its `UID`, so that a second import changes the event of the first."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"Rota of {desk}")
    for turn in turns:
        event = Event()
        event.add("uid", f"{turn.id}.{desk}.rota")
        event.add("dtstamp", now)
        event.add("dtstart", turn.start)
        event.add("dtend", turn.end)
        event.add("summary", f"{turn.shift}: {', '.join(names.get(agent, agent) for agent in turn.agents)}")
        event.add("transp", "OPAQUE" if turn.available else "TRANSPARENT")
        event[SHIFT] = vText(turn.shift)
        event[AGENTS] = vText(" ".join(turn.agents))
        calendar.add_component(event)
    data: bytes = calendar.to_ical()
    return data
