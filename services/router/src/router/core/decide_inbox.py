"""Inboxes that come to a desk and leave it. Looks, never touches."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from router.core.command import ApplySettings, ReleaseInboxes, TakeInboxes
from router.core.desk_settings import CalendarSettings, DeskSettings, InboxSettings, PolicySettings
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.holding import InboxKey
from router.core.refusal import Refused
from router.core.state import DeskState


def take(state: DeskState, command: TakeInboxes, now: datetime) -> tuple[InboxTaken, ...]:
    """Those that the desk does not have yet. All of them have to be named by its settings."""
    for channel, inbox in command.inboxes:
        if (channel, inbox) not in state.inboxes:
            raise Refused("unknown_inbox", f"This desk has no inbox {inbox} on {channel}.")
    version = state.settings.version
    return tuple(
        InboxTaken(at=now, channel=channel, inbox=inbox, version=version)
        for channel, inbox in dict.fromkeys(command.inboxes)
        if (channel, inbox) not in state.holdings.taken
    )


def release(state: DeskState, command: ReleaseInboxes, now: datetime) -> tuple[InboxReleased, ...]:
    """Those that the desk has: because its settings do not name them any more, or for as long as nothing says at the
    server that they are its own.
    """
    version = state.settings.version
    return tuple(
        InboxReleased(at=now, channel=channel, inbox=inbox, version=version)
        for channel, inbox in dict.fromkeys(command.inboxes)
        if (channel, inbox) in state.holdings.taken
    )


def keeping_former(state: DeskState, command: ApplySettings) -> DeskSettings:
    """The settings, and with them what contacts go on by whose inbox has gone to another desk: they stay
    here, with the promises that were made to their customers.
    """
    settings, before = command.settings, state.settings
    own = {(inbox.channel, inbox.id) for inbox in settings.inboxes}
    elsewhere = set(command.elsewhere) - own
    gone = [inbox for inbox in (*before.inboxes, *before.former) if (inbox.channel, inbox.id) in elsewhere]
    if not gone:
        return settings
    used: set[InboxKey] = {(contact.channel, contact.inbox) for contact in state.contacts.values()}
    former = tuple(inbox for inbox in gone if (inbox.channel, inbox.id) in used)
    policies = tuple(_missing(former, before.policies, settings.policies))
    return msgspec.structs.replace(
        settings,
        former=former,
        policies=(*settings.policies, *policies),
        calendars=(*settings.calendars, *_without(policies, before.calendars, settings.calendars)),
    )


def _missing(
    former: Iterable[InboxSettings], before: Iterable[PolicySettings], now: Iterable[PolicySettings]
) -> Iterable[PolicySettings]:
    wanted = {inbox.policy for inbox in former} - {policy.id for policy in now}
    return (policy for policy in before if policy.id in wanted)


def _without(
    policies: Iterable[PolicySettings], before: Iterable[CalendarSettings], now: Iterable[CalendarSettings]
) -> Iterable[CalendarSettings]:
    wanted = {policy.calendar for policy in policies} - {calendar.id for calendar in now}
    return (calendar for calendar in before if calendar.id in wanted)
