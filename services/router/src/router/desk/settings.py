"""The configuration as a desk's log holds it: what decisions are made by, and no more."""

from frontline.configuration.model import Configuration, Desk, Policy
from frontline.configuration.shift import ANY_MONDAY, WEEKDAYS, Shift, time_of_day
from router.core.desk_settings import (
    AgentSettings,
    DeskSettings,
    InboxSettings,
    PolicySettings,
    RingSettings,
    TargetSettings,
)
from router.core.rota_settings import OverrideSettings, ShiftSettings


def desk_settings(configuration: Configuration, desk: Desk) -> DeskSettings:
    used = {inbox.policy for inbox in desk.inboxes}
    return DeskSettings(
        version=configuration.version,
        agents=tuple(
            AgentSettings(
                id=agent.id,
                capacity=agent.capacity,
                skills=agent.skills,
                available=agent.available,
                off_duty=agent.off_duty,
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
            )
            for inbox in desk.inboxes
        ),
        policies=tuple(_policy(policy) for policy in configuration.policies if policy.id in used),
        shifts=tuple(_shift(shift) for shift in desk.shifts),
        strategy=desk.strategy,
        rings=tuple(
            RingSettings(after=ring.after, skills=ring.skills, off_duty=ring.off_duty) for ring in desk.rings_or_default
        ),
        age_after=desk.age_after or None,
        alarm_after=desk.alarm_after or None,
        offline_grace=desk.offline_grace,
        reopen_for=desk.reopen_for or None,
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
    promised = {
        "first_response": policy.first_response,
        "next_response": policy.next_response,
        "resolution": policy.resolution,
    }
    return PolicySettings(
        id=policy.id,
        version=policy.version,
        calendar=policy.calendar,
        targets=tuple(
            TargetSettings(target=target, within=within, warn_at=policy.warn_at)
            for target, within in promised.items()
            if within is not None
        ),
    )
