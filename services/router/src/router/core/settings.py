"""What has to be true of a desk's settings before decisions can be made by them.

The configuration is checked in full, with file and line, where it is read. This is the last door:
settings that come past it can never make `evolve` fail.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import TypeVar

from router.core.calendar import ALWAYS
from router.core.calendar_faults import LONGEST, calendar_faults, takes_too_long
from router.core.contact import RESOLVED, WAITING_CUSTOMER, WAITS
from router.core.desk_settings import (
    ALL_RINGS,
    NEXT_RING,
    STRATEGIES,
    CalendarSettings,
    DeskSettings,
    PolicySettings,
    TargetSettings,
)
from router.core.queue import LANES
from router.core.rota_settings import shift_faults
from router.core.term import FOLLOW_UP, RESOLUTION, TARGETS

T = TypeVar("T")
_MILLISECOND = timedelta(milliseconds=1)


def faults(settings: DeskSettings) -> tuple[str, ...]:
    """Every mistake, each as a sentence; none for settings that a desk can work by."""
    policies = {policy.id for policy in settings.policies}
    known = {calendar.id: calendar for calendar in settings.calendars}
    found = [f"agent {twin} is there twice" for twin in _twins(agent.id for agent in settings.agents)]
    found += [f"agent {agent.id} has a capacity below 0" for agent in settings.agents if agent.capacity < 0]
    for channel, inbox_id in _twins((inbox.channel, inbox.id) for inbox in settings.inboxes):
        found.append(f"inbox {inbox_id} of {channel} is there twice")
    for inbox in settings.inboxes:
        if inbox.lane not in LANES:
            found.append(f"inbox {inbox.id} of {inbox.channel}: no lane is called {inbox.lane}")
        if inbox.cost < 1:
            found.append(f"inbox {inbox.id} of {inbox.channel}: a contact costs 1 unit at least")
        if inbox.offer_for is not None and not _some_time(inbox.offer_for):
            found.append(f"inbox {inbox.id} of {inbox.channel}: an offer holds for some whole milliseconds")
        if inbox.written_cost < 1:
            found.append(f"inbox {inbox.id} of {inbox.channel}: a written contact costs 1 unit at least")
        for time in (inbox.sticky_for, inbox.wrap_up):
            if time and not _some_time(time):
                found.append(f"inbox {inbox.id} of {inbox.channel}: times are whole milliseconds, and never below 0")
        if inbox.handling is not None and not _some_time(inbox.handling):
            found.append(f"inbox {inbox.id} of {inbox.channel}: a contact takes some whole milliseconds")
        if policies and inbox.policy not in policies:
            found.append(f"inbox {inbox.id} of {inbox.channel}: there is no policy {inbox.policy}")
    found += _waiting_faults(settings)
    found += [f"rule {twin} is there twice" for twin in _twins(rule.id for rule in settings.rules)]
    for rule in settings.rules:
        if rule.lane and rule.lane not in LANES:
            found.append(f"rule {rule.id}: no lane is called {rule.lane}")
        if rule.policy and rule.policy not in policies:
            found.append(f"rule {rule.id}: there is no policy {rule.policy}")
    found += [f"calendar {twin} is there twice" for twin in _twins([ALWAYS, *(each.id for each in settings.calendars)])]
    for calendar in settings.calendars:
        found += [f"calendar {calendar.id} {fault}" for fault in calendar_faults(calendar)]
    found += _check_in_faults(settings, known)
    found += shift_faults(settings.shifts, {agent.id for agent in settings.agents})
    found += [f"policy {twin} is there twice" for twin in _twins(policy.id for policy in settings.policies)]
    for policy in settings.policies:
        if policy.calendar != ALWAYS and policy.calendar not in known:
            found.append(f"policy {policy.id}: there is no calendar {policy.calendar}")
        found += [f"policy {policy.id}: {fault}" for fault in _target_faults(policy, known.get(policy.calendar))]
    return tuple(found)


def _waiting_faults(settings: DeskSettings) -> Iterable[str]:
    if settings.strategy not in STRATEGIES:
        yield f"no strategy is called {settings.strategy}"
    opens = [ring.after for ring in settings.rings]
    if opens and (opens[0] or any(later <= sooner for sooner, later in pairwise(opens))):
        yield "the first ring opens at once, and each other later than the one before it"
    if any((a.off_duty and not b.off_duty) or (b.skills and not a.skills) for a, b in pairwise(settings.rings)):
        yield "a ring holds those before it"
    positive = (settings.age_after, settings.alarm_after, settings.reopen_for, settings.transfer_within)
    if any(time is not None and not _some_time(time) for time in (*positive, *opens[1:])):
        yield "what is waited for takes some whole milliseconds"
    if settings.offline_grace and not _some_time(settings.offline_grace):
        yield "the grace of those who went offline is some whole milliseconds"


def _some_time(time: timedelta) -> bool:
    """A century at most: what lies further ahead may be behind the last instant that there is."""
    return timedelta(0) < time <= LONGEST and not time % _MILLISECOND


def _target_faults(policy: PolicySettings, calendar: CalendarSettings | None) -> Iterable[str]:
    for twin, lane in _twins((target.target, lane) for target in policy.targets for lane in target.lanes or LANES):
        yield f"target {twin} is there twice for lane {lane}"
    for target in policy.targets:
        if target.target not in TARGETS:
            yield f"no target is called {target.target}"
        if target.target == FOLLOW_UP:
            if target.within or target.pause_in:
                yield "follow_up has the time that was promised, and never stands still"
        elif target.within <= timedelta(0) or target.within % _MILLISECOND:
            yield f"{target.target} has to be some whole milliseconds"
        elif target.within > LONGEST if calendar is None else takes_too_long(calendar, target.within):
            yield f"{target.target} is further away than a century"
        if not all(0 < fraction < 1 for fraction in target.warn_at):
            yield f"{target.target}: a warning comes at a fraction between 0 and 1"
        yield from (f"{target.target}: no lane is called {lane}" for lane in target.lanes if lane not in LANES)
        yield from (f"{target.target}: no lane is called {lane}" for _, lane in target.raises if lane not in LANES)
        for fraction, _ in target.raises:
            if fraction != 1 and fraction not in target.warn_at:
                yield f"{target.target}: nothing happens at {fraction}"
        yield from _escalation_faults(target)
        yield from (f"{target.target}: no contact is ever {state}" for state in target.pause_in if state not in WAITS)


def _escalation_faults(target: TargetSettings) -> Iterable[str]:
    for each in target.escalations:
        if each.fraction != 1 and each.fraction not in target.warn_at:
            yield f"{target.target}: nothing happens at {each.fraction}"
        if each.widen not in ("", NEXT_RING, ALL_RINGS):
            yield f"{target.target}: rings are widened to the {NEXT_RING} or to {ALL_RINGS}, not to {each.widen}"
        if each.reoffer and target.target == RESOLUTION:
            yield f"{target.target}: says nothing of answers, so there is nothing to offer again"
    for twin in _twins(each.fraction for each in target.escalations):
        yield f"{target.target}: escalates twice at {twin}"


def _check_in_faults(settings: DeskSettings, known: Mapping[str, CalendarSettings]) -> Iterable[str]:
    yield from (f"check-in {twin} is there twice" for twin in _twins(each.id for each in settings.check_ins))
    for each in settings.check_ins:
        calendar = known.get(each.calendar)
        if each.when not in (RESOLVED, WAITING_CUSTOMER):
            yield f"check-in {each.id}: nobody is written to when a contact is {each.when}"
        if each.calendar != ALWAYS and calendar is None:
            yield f"check-in {each.id}: there is no calendar {each.calendar}"
        elif each.after <= timedelta(0) or each.after % _MILLISECOND:
            yield f"check-in {each.id} comes after some whole milliseconds"
        elif each.after > LONGEST if calendar is None else takes_too_long(calendar, each.after):
            yield f"check-in {each.id} is further away than a century"


def _twins(things: Iterable[T]) -> list[T]:
    return [thing for thing, times in Counter(things).items() if times > 1]
