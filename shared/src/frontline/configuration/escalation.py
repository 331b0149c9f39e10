"""What else a warning or a breach does besides raising the lane. `[[policy.escalate]]`. Pure."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from frontline.configuration.locate import Path
from frontline.contract.ids import AgentId

Told = Literal["holder", "leads", "desk"]
"""Who has the contact or is asked for it; the desk's leads; everybody at the desk."""


class Escalation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At a warning of `target` (`at` is one of `warn_at`), or at its breach (1).

    `widen` opens the next ring, or all of them, for a contact that waits. `reoffer` gives it to somebody
    else: from who was asked and has not answered yet, or holds it and has not replied. `notify` and
    `agents` are who is told.
    """

    target: Literal["first_response", "next_response", "resolution", "follow_up"]
    at: float
    widen: Literal["no", "next", "all"] = "no"
    reoffer: bool = False
    notify: tuple[Told, ...] = ()
    agents: tuple[AgentId, ...] = ()


def escalation_breaches(escalation: Escalation) -> Iterator[tuple[Path, str]]:
    """What is wrong with one of them by itself."""
    if escalation.widen == "no" and not (escalation.reoffer or escalation.notify or escalation.agents):
        yield ("target",), "this does nothing: say widen, reoffer, notify or agents"
    if escalation.reoffer and escalation.target == "resolution":
        yield ("reoffer",), "reoffer is for what nobody has answered, and a resolution says nothing of answers"
    for key in ("notify", "agents"):
        words: tuple[str, ...] = getattr(escalation, key)
        for index, word in enumerate(words):
            if word in words[:index]:
                yield (key, index), f"{key} holds {word!r} twice"
    if "desk" in escalation.notify and (len(set(escalation.notify)) > 1 or escalation.agents):
        yield ("notify",), "desk is everybody: it leaves nobody else to name"
