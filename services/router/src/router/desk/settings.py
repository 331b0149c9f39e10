"""The configuration as a desk's log holds it: what decisions are made by, and no more."""

from collections.abc import Iterator
from datetime import timedelta

from frontline.configuration.calendar import Calendar
from frontline.configuration.model import Configuration, Desk
from frontline.configuration.opening import times
from frontline.configuration.policy import LANES, TARGETS, Lane, Policy, Target
from frontline.configuration.shift import ANY_MONDAY, WEEKDAYS, Shift, time_of_day
from frontline.contract.ids import DeskId
from router.core.desk_settings import (
    AgentSettings,
    CalendarSettings,
    CheckInSettings,
    DeskSettings,
    EscalationSettings,
    HoursSettings,
    InboxSettings,
    PolicySettings,
    RingSettings,
    RuleSettings,
    SpecialDaySettings,
    TargetSettings,
)
from router.core.holding import InboxKey
from router.core.rota_settings import OverrideSettings, ShiftSettings


def desk_settings(configuration: Configuration, desk: Desk) -> DeskSettings:
    policies = {inbox.policy for inbox in desk.inboxes} | {rule.policy for rule in desk.rules if rule.policy}
    calendars = {policy.calendar for policy in configuration.policies if policy.id in policies}
    calendars |= {rule.calendar for rule in desk.rules if rule.calendar}
    calendars |= {check_in.calendar for check_in in desk.check_ins}
    return DeskSettings(
        version=configuration.version,
        agents=tuple(
            AgentSettings(
                id=agent.id,
                capacity=agent.capacity,
                skills=agent.skills,
                available=agent.available,
                off_duty=agent.off_duty,
                lead=agent.lead,
            )
            for agent in desk.agents
        ),
        inboxes=tuple(
            InboxSettings(
                channel=inbox.channel,
                id=inbox.id,
                cost=inbox.units,
                lane=inbox.lane,
                policy=inbox.policy,
                skills=inbox.skills,
                offer_for=inbox.offer_for if inbox.offered else None,
                live=inbox.carries_presence,
                written_cost=inbox.written_cost,
                sticky_for=inbox.sticky_for,
                wrap_up=inbox.wrap_up or None,
                handling=inbox.handling or None,
            )
            for inbox in desk.inboxes
        ),
        policies=tuple(_policy(policy) for policy in configuration.policies if policy.id in policies),
        calendars=tuple(_calendar(calendar) for calendar in configuration.calendars if calendar.id in calendars),
        shifts=tuple(_shift(shift) for shift in desk.shifts),
        rules=tuple(
            RuleSettings(id=rule.id, lane=rule.lane or "", skills=rule.skills, policy=rule.policy or "")
            for rule in desk.rules
        ),
        check_ins=tuple(
            CheckInSettings(
                id=check_in.id,
                when=check_in.when,
                after=check_in.after,
                calendar=check_in.calendar,
                inboxes=tuple(
                    (inbox.channel, inbox.id) for inbox in desk.inboxes if check_in.holds_for(inbox.channel, inbox.id)
                ),
            )
            for check_in in desk.check_ins
        ),
        strategy=desk.strategy,
        rings=tuple(
            RingSettings(after=ring.after, skills=ring.skills, off_duty=ring.off_duty) for ring in desk.rings_or_default
        ),
        age_after=desk.age_after or None,
        alarm_after=desk.alarm_after or None,
        offline_grace=desk.offline_grace,
        reopen_for=desk.reopen_for or None,
        transfer_within=desk.transfer_within or None,
    )


def elsewhere(configuration: Configuration, desk: DeskId) -> tuple[InboxKey, ...]:
    """The inboxes of all other desks."""
    return tuple(
        (inbox.channel, inbox.id) for other in configuration.desks if other.id != desk for inbox in other.inboxes
    )


def _shift(shift: Shift) -> ShiftSettings:
    return ShiftSettings(
        id=shift.id,
        zone=shift.zone,
        days=tuple(WEEKDAYS.index(day) for day in shift.days),
        begins=time_of_day(shift.begins),
        ends=time_of_day(shift.ends),
        weeks=shift.crews,
        since=shift.since or ANY_MONDAY,
        until=shift.until,
        available=shift.available,
        overrides=tuple(
            OverrideSettings(
                day=override.day,
                agents=override.agents,
                begins=None if override.begins is None else time_of_day(override.begins),
                ends=None if override.ends is None else time_of_day(override.ends),
            )
            for override in shift.overrides
        ),
    )


def _policy(policy: Policy) -> PolicySettings:
    return PolicySettings(
        id=policy.id,
        version=policy.version,
        calendar=policy.calendar,
        targets=(
            *_targets(policy),
            TargetSettings(
                target="follow_up",
                warn_at=policy.warn_at,
                raises=_raises(policy, "follow_up"),
                escalations=_escalations(policy, "follow_up"),
            ),
        ),
    )


def _targets(policy: Policy) -> Iterator[TargetSettings]:
    for target in TARGETS:
        pauses = getattr(policy.pauses, target)
        for within, lanes in _times(policy, target).items():
            some = () if lanes == LANES else lanes
            yield TargetSettings(
                target=target,
                within=within,
                warn_at=policy.warn_at,
                pause_in=pauses,
                lanes=some,
                raises=_raises(policy, target),
                escalations=_escalations(policy, target),
            )


def _raises(policy: Policy, target: str) -> tuple[tuple[float, str], ...]:
    return tuple((each.at, each.lane) for each in policy.raises if each.target == target)


def _escalations(policy: Policy, target: str) -> tuple[EscalationSettings, ...]:
    return tuple(
        EscalationSettings(
            fraction=each.at,
            widen="" if each.widen == "no" else each.widen,
            reoffer=each.reoffer,
            holder="holder" in each.notify,
            leads="leads" in each.notify,
            everybody="desk" in each.notify,
            agents=each.agents,
        )
        for each in policy.escalations
        if each.target == target
    )


def _times(policy: Policy, target: Target) -> dict[timedelta, tuple[Lane, ...]]:
    """How long each lane may take."""
    found: dict[timedelta, tuple[Lane, ...]] = {}
    for lane in LANES:
        if (within := policy.within(target, lane)) is not None:
            found[within] = (*found.get(within, ()), lane)
    return found


def _calendar(calendar: Calendar) -> CalendarSettings:
    return CalendarSettings(
        id=calendar.id,
        zone=calendar.zone,
        week=tuple(HoursSettings(weekday=day, opens=opens, closes=closes) for day, opens, closes in calendar.week),
        closed=calendar.closed,
        special=tuple(
            SpecialDaySettings(
                day=special.day,
                hours=tuple(
                    HoursSettings(opens=opens, closes=closes)
                    for entry in special.hours
                    for opens, closes in times(entry)
                ),
            )
            for special in calendar.special
        ),
    )
