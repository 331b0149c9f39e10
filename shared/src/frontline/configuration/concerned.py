"""Whether what a policy escalates reaches anybody at the desks that use it. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from frontline.configuration.escalation import Escalation
from frontline.configuration.locate import Path
from frontline.configuration.model import Agent, Desk, Inbox
from frontline.configuration.policy import Policy
from frontline.configuration.rule import Rule
from frontline.configuration.shape import Found
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
