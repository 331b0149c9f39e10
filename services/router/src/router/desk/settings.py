"""The configuration as a desk's log holds it: what decisions are made by, and no more."""

from frontline.configuration.model import Configuration, Desk, Policy
from router.core.event import AgentSettings, DeskSettings, InboxSettings, PolicySettings, TargetSettings


def desk_settings(configuration: Configuration, desk: Desk) -> DeskSettings:
    used = {inbox.policy for inbox in desk.inboxes}
    return DeskSettings(
        version=configuration.version,
        agents=tuple(
            AgentSettings(id=agent.id, capacity=agent.capacity, skills=agent.skills, available=agent.available)
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
            )
            for inbox in desk.inboxes
        ),
        policies=tuple(_policy(policy) for policy in configuration.policies if policy.id in used),
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
