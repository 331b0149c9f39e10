"""Whether what a policy escalates or a check-in asks reaches anybody at the desks that it is about. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from frontline.configuration.calendar import ALWAYS, Calendar
from frontline.configuration.check_in import CheckIn
from frontline.configuration.escalation import Escalation
from frontline.configuration.locate import Path
from frontline.configuration.model import Agent, Desk, Inbox
from frontline.configuration.policy import Policy
from frontline.configuration.rule import Rule
from frontline.configuration.shape import Found, Place
from frontline.contract.error import Mistake
from frontline.contract.ids import AgentId

_Key = tuple[str, Path]


def unconcerned(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every escalation that names somebody who is not there, or asks for rings or leads where there are none."""
    desks = {_key(item): item.value for item in found if isinstance(item.value, Desk)}
    agents = {item.value.id: item.place.around(2) for item in found if isinstance(item.value, Agent)}
    users: dict[str, list[Desk]] = {}
    for item in found:
        if isinstance(item.value, Inbox | Rule) and item.value.policy:
            desk = desks[item.place.around(2)]
            known = users.setdefault(item.value.policy, [])
            known += [] if desk in known else [desk]
    policies = {_key(item): item.value for item in found if isinstance(item.value, Policy)}
    for item in found:
        if isinstance(item.value, Escalation):
            policy = policies[item.place.around(2)]
            for path, what in _breaches(item.value, users.get(policy.id, ()), agents):
                place = item.place
                for key in path:
                    place = place / key
                if path[0] not in item.broken:
                    yield Mistake(str(place), what)


def unheard(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every check-in of a calendar that is not there, of an inbox that its desk does not have, or of the same name."""
    calendars = {item.value.id for item in found if isinstance(item.value, Calendar)}
    desks = {_key(item): item.value for item in found if isinstance(item.value, Desk)}
    ids: dict[tuple[_Key, str], Place] = {}
    for item in found:
        if isinstance(item.value, CheckIn):
            desk = item.place.around(2)
            former = ids.setdefault((desk, item.value.id), item.place)
            if former is not item.place and "id" not in item.broken:
                yield Mistake(
                    str(item.place / "id"), f"check-in {item.value.id!r} is there twice; first at {former / 'id'}"
                )
            for path, what in _unmet(item.value, desks[desk], calendars):
                place = item.place
                for key in path:
                    place = place / key
                if path[0] not in item.broken:
                    yield Mistake(str(place), what)


def _unmet(check_in: CheckIn, desk: Desk, calendars: Collection[str]) -> Iterator[tuple[Path, str]]:
    if check_in.calendar != ALWAYS and check_in.calendar not in calendars:
        yield ("calendar",), f"there is no [[calendar]] with the id {check_in.calendar!r}"
    for index, channel in enumerate(check_in.channels):
        if channel not in {inbox.channel for inbox in desk.inboxes}:
            yield ("channels", index), f"desk {desk.id!r} has no inbox on {channel!r}"
    for index, inbox in enumerate(check_in.inboxes):
        if inbox not in {each.id for each in desk.inboxes}:
            yield ("inboxes", index), f"desk {desk.id!r} has no inbox {inbox!r}"
    if not any(check_in.holds_for(inbox.channel, inbox.id) for inbox in desk.inboxes):
        yield ("when",), f"no inbox of desk {desk.id!r} is on these channels and has one of these ids"


def _key(item: Found) -> _Key:
    """What `around` gives of a table inside it."""
    return item.place.file, item.place.path


def _breaches(
    escalation: Escalation, users: Sequence[Desk], agents: Mapping[AgentId, _Key]
) -> Iterator[tuple[Path, str]]:
    for index, agent in enumerate(escalation.agents):
        if agent not in agents:
            yield ("agents", index), f"{agent!r} is no [[desk.agent]]"
            continue
        for desk in users:
            if agent not in {each.id for each in desk.agents}:
                yield ("agents", index), f"{agent!r} is not of desk {desk.id!r}, which uses this policy"
    if "leads" in escalation.notify:
        for desk in users:
            if not any(agent.lead for agent in desk.agents):
                yield ("notify",), f"desk {desk.id!r}, which uses this policy, has no agent with lead = true"
    if escalation.widen != "no" and users and all(len(desk.rings_or_default) == 1 for desk in users):
        yield ("widen",), "no desk that uses this policy has a second ring: add a [[desk.ring]]"
