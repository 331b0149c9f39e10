"""How an agent wants to be told, and can be: what they said, or their configuration, by the ways that the desk has. Pure."""

from datetime import datetime

from frontline.configuration.model import Agent, Desk
from frontline.configuration.notify import SENT, Notify, Way
from frontline.configuration.opening import week
from router.core.calendar import exact
from router.core.calendar_hours import OpeningHours
from router.core.desk_settings import CalendarSettings, HoursSettings
from router.core.reach import FAR, Wish


def wish_of(agent: Agent, notify: Notify, desk: Desk) -> Wish:
    """`push` is none of its ways: the browser shows that by itself."""
    return Wish(
        ways=tuple(way for way in notify.ways if way in SENT and leads_to(way, agent, notify, desk)),
        about=frozenset(notify.about),
        quiet=quiet_hours(notify),
        alarm_when_quiet=notify.alarm_when_quiet,
    )


def leads_to(way: Way, agent: Agent, notify: Notify, desk: Desk) -> str:
    """The address that a way leads to; empty if it has none, or the desk has no inbox for it."""
    if not desk.notices.inbox(way):
        return ""
    return notify.address(way) or (agent.phone if way == "ring" else "")


def quiet_hours(notify: Notify) -> OpeningHours | None:
    hours = tuple(
        HoursSettings(weekday=day, opens=opens, closes=closes)
        for entry in notify.quiet
        for day, opens, closes in week(entry)
    )
    return OpeningHours(CalendarSettings(id="quiet", zone=notify.zone, week=hours)) if hours else None


def quiet_change(notify: Notify, now: datetime) -> tuple[bool, datetime | None]:
    """Whether it is quiet at `now`, and when that changes, if it does within two weeks."""
    wish, now = Wish(quiet=quiet_hours(notify)), exact(now)
    until = wish.quiet_until(now)
    if until is None:
        return False, wish.quiet_from(now)
    return True, until if until < now + FAR else None
