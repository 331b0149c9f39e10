"""How an agent is told of what waits for them: their own to say."""

from collections.abc import Iterator
from functools import cache
from zoneinfo import available_timezones

import msgspec
from aiohttp import web

from frontline.configuration.notify import SENT, Notify, notify_breaches
from router.api.access import Who
from router.api.call import Call, answer
from router.api.notification_shape import Notifications, NotificationsBody
from router.api.problem import FieldMistake, Invalid
from router.api.shape import Nothing
from router.desk.preferences import Preferences
from router.desk.wishes import quiet_change
from router.index.row import stamp

zones = cache(available_timezones)


async def show_notifications(call: Call[Nothing, Nothing]) -> web.Response:
    notify, own = await Preferences(call.api.bus).of(call.who.agent)
    return answer(_shown(call, notify, own=own))


async def set_notifications(call: Call[NotificationsBody, Nothing]) -> web.Response:
    notify = call.body.notify
    mistakes = [FieldMistake(_at(path), what) for path, what in notify_breaches(notify, zones())]
    mistakes += _of_desk(notify, call.who)
    if notify.mail and call.api.access.is_ours(notify.mail):
        mistakes.append(FieldMistake("$.mail", "is an inbox of ours: a notice to it would be a contact"))
    if mistakes:
        raise Invalid(*mistakes)
    await Preferences(call.api.bus).put(call.who.agent.id, notify)
    return answer(_shown(call, notify, own=True))


async def forget_notifications(call: Call[Nothing, Nothing]) -> web.Response:
    await Preferences(call.api.bus).forget(call.who.agent.id)
    return answer(_shown(call, call.who.agent.notify, own=False))


def _of_desk(notify: Notify, who: Who) -> Iterator[FieldMistake]:
    for index, way in enumerate(notify.ways):
        if way in SENT and not who.desk.notices.inbox(way):
            yield FieldMistake(f"$.ways[{index}]", f"this desk tells nobody by {way}")
        elif way == "ring" and not (notify.ring or who.agent.phone):
            yield FieldMistake("$.ring", "ring is one of the ways: say which phone")


def _at(path: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _shown(
    call: Call[NotificationsBody, Nothing] | Call[Nothing, Nothing], notify: Notify, *, own: bool
) -> Notifications:
    who = call.who
    quiet_now, changes_at = quiet_change(notify, call.api.clock())
    return Notifications(
        **msgspec.structs.asdict(notify),
        own=own,
        can=("push", *(way for way in SENT if who.desk.notices.inbox(way))),
        lead=who.agent.lead,
        quiet_now=quiet_now,
        changes_at=stamp(changes_at) if changes_at is not None else None,
    )
