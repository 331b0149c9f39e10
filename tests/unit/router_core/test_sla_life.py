"""Clocks of a busy contact, against the slow and obvious way: minute by minute, what was asked and who waited."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest

from frontline.contract.ids import ContactId
from router.core.command import Tick
from router.core.contact import RESOLVED, WAITS
from router.core.desk_settings import CalendarSettings, HoursSettings
from router.core.event_clock import ClockBreached
from tests.unit.router_core import minutes
from tests.unit.router_core.sla_desk import BOTH, CUSTOMER, HOUR, THIRD_PARTY, PromisingDesk, at, promising, target

MINUTE = timedelta(minutes=1)
BEGINS = at("2026-03-27 06:00")
"""A Friday; on Sunday the clocks go forward."""

HOURS = tuple(
    HoursSettings(weekday=day, opens=opens, closes=closes)
    for day, opens, closes in ((4, 540, 720), (4, 780, 1020), (5, 1320, 1620), (0, 540, 1020), (1, 480, 500))
)
CALENDAR = CalendarSettings(id="odd", zone="Europe/Berlin", week=HOURS)
WITHIN = {"first_response": 2 * HOUR, "next_response": 90 * MINUTE, "resolution": 6 * HOUR}


@dataclass
class _Target:
    """One clock as the story tells it: how much of it is left, and whether it stands still."""

    within: timedelta
    left: timedelta | None = None
    breached: bool = False
    told: list[datetime] = field(default_factory=list)

    def start(self) -> None:
        self.left, self.breached = self.within, False

    def stop(self) -> None:
        self.left = None

    def pass_minute(self, after: datetime) -> None:
        """An open minute has gone that ends at `after`, or none has."""
        if self.left is not None and not self.breached and self.left > timedelta(0):
            self.left -= MINUTE

    def look(self, minute: datetime, used_up: datetime | None) -> None:
        if self.left == timedelta(0) and not self.breached and used_up is not None and used_up < minute:
            self.breached = True
            self.told.append(used_up)


class _Story:
    """Lives through the same minutes as the desk, and knows nothing of calendars but the clock on the wall."""

    def __init__(self) -> None:
        self.targets = {name: _Target(within) for name, within in WITHIN.items()}
        self._used_up: dict[str, datetime] = {}
        self.asked = self.answered = False

    def message(self, *, resolved: bool) -> None:
        if not self.asked:
            self.targets["first_response"].start()
            self.targets["resolution"].start()
        elif self.answered:
            following = self.targets["next_response"]
            if following.left is None or (following.breached and resolved):
                following.start()
        elif resolved:
            self.targets["first_response"].start()
        self.asked = True

    def reply(self) -> None:
        self.answered = True
        self.targets["first_response"].stop()
        self.targets["next_response"].stop()

    def resolve(self) -> None:
        for name in ("first_response", "next_response"):
            if not self.targets[name].breached:
                self.targets[name].stop()

    def minute(self, now: datetime, *, stands: bool) -> None:
        """From `now` to a minute later."""
        open_ = minutes.is_open(CALENDAR, now)
        for name, one in self.targets.items():
            one.look(now + MINUTE, self._used_up.get(name))
            if open_ and not (name == "resolution" and stands):
                before = one.left
                one.pass_minute(now + MINUTE)
                if one.left == timedelta(0) and before != one.left:
                    self._used_up[name] = now + MINUTE


@pytest.mark.parametrize("seed", range(40))
def test_breaches_are_those_of_a_walk_from_minute_to_minute(seed: int) -> None:
    dice = Random(seed)
    targets = [target(name, within, pause_in=BOTH if name == "resolution" else ()) for name, within in WITHIN.items()]
    desk = PromisingDesk(promising(*targets, calendar=CALENDAR), f"{BEGINS:%Y-%m-%d %H:%M}")
    story = _Story()
    contact = desk.asks()
    story.message(resolved=False)
    acts = sorted(dice.sample(range(1, 4 * 1440 + 300), dice.randint(3, 25)))
    for minute in range(4 * 1440 + 300):
        now = BEGINS + minute * MINUTE
        desk.now = now
        if minute in acts:
            _act(dice, desk, story, contact)
        phase = desk.contact(contact).phase
        story.minute(now, stands=phase in WAITS or phase == RESOLVED)
        if dice.random() < 0.01:
            desk.ask(Tick())
    desk.now = BEGINS + (4 * 1440 + 300) * MINUTE
    desk.tick()
    told = {name: [breach.at for breach in desk.told(ClockBreached) if breach.target == name] for name in WITHIN}
    assert told == {name: one.told for name, one in story.targets.items()}
    assert desk.agrees_with_its_log()


def _act(dice: Random, desk: PromisingDesk, story: _Story, contact: ContactId) -> None:
    resolved = desk.contact(contact).phase == RESOLVED
    match dice.choice(["message", "message", "reply", "wait", "third", "resolve"]):
        case "message":
            desk.asks_again()
            story.message(resolved=resolved)
        case "reply":
            desk.reply(contact)
            story.reply()
        case "wait" if not resolved:
            desk.waits(contact, CUSTOMER)
        case "third" if not resolved:
            desk.waits(contact, THIRD_PARTY)
        case "resolve" if not resolved:
            desk.resolve(contact)
            story.resolve()
