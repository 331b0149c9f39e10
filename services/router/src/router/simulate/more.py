"""A desk with some people more: the question that is asked most. Pure."""

import re
from datetime import date

import msgspec

from frontline.configuration.shift import WEEKDAYS, time_of_day
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.ids import AgentId
from router.core.desk_settings import AgentSettings, DeskSettings
from router.core.rota_settings import ShiftSettings

_WANTED = re.compile(
    r"(?P<people>\d{1,3})@(?P<begins>([01]\d|2[0-3]):[0-5]\d)-(?P<ends>([01]\d|2[0-3]):[0-5]\d|24:00)\Z"
)


def with_more(settings: DeskSettings, wanted: str, *, zone: str) -> DeskSettings:
    """`wanted` is `1@09:00-12:00`: so many people who can do anything, every day from when to when.
    Raises `SettingsError`.
    """
    found = _WANTED.match(wanted)
    if found is None or int(found["people"]) < 1:
        raise SettingsError(
            [Mistake("--more", f"must be how many from when to when, as 1@09:00-12:00, not {wanted!r}")]
        )
    skills = tuple(sorted({skill for agent in settings.agents for skill in agent.skills}))
    capacity = max((agent.capacity for agent in settings.agents), default=100)
    ids = tuple(AgentId(f"more-{number}") for number in range(1, int(found["people"]) + 1))
    shift = ShiftSettings(
        id="more",
        zone=zone,
        days=tuple(range(len(WEEKDAYS))),
        begins=time_of_day(found["begins"]),
        ends=time_of_day(found["ends"]),
        weeks=(ids,),
        since=date(1970, 1, 5),
        available=True,
    )
    more = tuple(AgentSettings(id=id_, capacity=capacity, skills=skills) for id_ in ids)
    return msgspec.structs.replace(settings, agents=(*settings.agents, *more), shifts=(*settings.shifts, shift))
