"""What desks do now and then, each in a share of the seeds: all of it in all of them would take too long.

Drawn from a stream of its own, so that a seed without it runs as it would if there was none of it.
"""

from dataclasses import dataclass, fields
from datetime import timedelta
from random import Random

import msgspec

from frontline.configuration.check_in import CheckIn
from frontline.configuration.escalation import Escalation
from frontline.configuration.model import Configuration
from frontline.configuration.policy import LaneTimes, Policy, Raise
from frontline.contract.message import InboundMessage, Presence
from tests.simulation.desk import firm

_SHARES = {
    "moving": 0.08,
    "erasing": 0.04,
    "escalating": 0.08,
    "checking_in": 0.06,
    "repricing": 0.08,
    "carrying": 0.03,
    "bouncing": 0.06,
    "overtaken": 0.003,
    "behind": 0.04,
    "indexed": 0.03,
}
"""By what each costs: all of them together take a seventh of the time."""
_SHARES_BETWEEN = {"moving": 0.15, "erasing": 0.08, "checking_in": 0.15}
QUIET_FOR = timedelta(milliseconds=1_713)
"""After which a customer is asked how it went; what else takes its time here does not take as long."""
SILENT_FOR = timedelta(milliseconds=1_217)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """`random` gives what they draw."""

    random: Random
    moving: bool = False
    """Messages are moved to other contacts, or become contacts of their own."""
    erasing: bool = False
    """Contacts and customers are erased."""
    escalating: bool = False
    """Warnings and breaches open rings, give contacts to others, raise them, and are told."""
    checking_in: bool = False
    """Customers of whom nothing is heard are written to, and some want none of it."""
    repricing: bool = False
    """The policy changes while clocks run by it."""
    carrying: bool = False
    """Replies go to a far end that takes a repeat for a new one."""
    bouncing: bool = False
    """Most replies fail, and more is asked and answered before that is known."""
    overtaken: bool = False
    """A standby sleeps until its place in the log is purged."""
    behind: bool = False
    """Replicas of the streams are behind their leader more often than not."""
    indexed: bool = False
    """A read index follows, and is held against the desk at the end."""

    @property
    def busy_clerk(self) -> bool:
        """Whether somebody does what agents do not do by themselves."""
        return self.moving or self.erasing or self.repricing or self.checking_in

    def words(self, message: InboundMessage) -> str:
        """What a customer says: nobody says the same twice, unless they want no check-ins."""
        if self.checking_in and message.presence is Presence.LIVE and self.random.random() < 0.2:
            return "STOP"
        return f"Hello, this is {message.native_id} of yours"

    def configuration(self) -> Configuration:
        """What the desk begins with."""
        desk, policy = firm.DESK, firm.CONFIGURATION.policies[0]
        if self.checking_in:
            desk = msgspec.structs.replace(desk, check_ins=CHECK_INS)
        if self.escalating:
            policy = msgspec.structs.replace(policy, raises=_RAISES, escalations=_ESCALATIONS)
        return msgspec.structs.replace(firm.CONFIGURATION, desks=(desk,), policies=(policy,))

    def changed(self, configuration: Configuration, version: int) -> Configuration:
        """As `configuration`, with what else may change in a desk with these acts."""
        policies, desk, random = configuration.policies, configuration.desks[0], self.random
        if self.repricing:
            policies = tuple(_repriced(policy, version, random) for policy in policies)
        if self.checking_in and random.random() < 0.3:
            desk = msgspec.structs.replace(desk, check_ins=desk.check_ins[:1])
        return msgspec.structs.replace(configuration, desks=(desk,), policies=policies)


def draw(seed: int) -> Acts:
    random = Random(f"acts of {seed}")
    return Acts(random=random, **{name: random.random() < share for name, share in _SHARES.items()})


def draw_between(seed: int) -> Acts:
    """For two desks, which do not know all of it."""
    random = Random(f"acts between of {seed}")
    return Acts(random=random, **{name: random.random() < share for name, share in _SHARES_BETWEEN.items()})


def only(seed: int, *names: str) -> Acts:
    """Exactly these acts, whatever `seed` would draw."""
    known = {field.name for field in fields(Acts)}
    assert known.issuperset(names), f"there are {known}, and {names} asked for"
    return Acts(random=Random(f"acts of {seed}"), **dict.fromkeys(names, True))


def _repriced(policy: Policy, version: int, random: Random) -> Policy:
    lanes = (LaneTimes(lanes=("vip",), first_response=_seconds(random, 2, 5)),) if random.random() < 0.5 else ()
    return msgspec.structs.replace(
        policy,
        version=version,
        first_response=_seconds(random, 3, 6, 11),
        next_response=_seconds(random, 2, 4, 7),
        resolution=_seconds(random, 5, 9, 21),
        lanes=lanes,
        warn_at=policy.warn_at if policy.escalations else random.choice(_FRACTIONS),
        escalations=policy.escalations[: random.choice((2, len(policy.escalations)))],
    )


_FRACTIONS = ((0.5, 0.8), (0.5, 0.8), (0.3, 0.617, 0.9), ())


def _seconds(random: Random, *choices: float) -> timedelta:
    return timedelta(seconds=random.choice(choices))


CHECK_INS = (
    CheckIn(id="how", when="resolved", after=QUIET_FOR, text={"en": "How did we do?"}),
    CheckIn(id="still", when="waiting_customer", after=SILENT_FOR, text={"en": "Are you still there?"}),
)
_RAISES = (Raise(target="first_response", at=0.8, lane="vip"),)
_ESCALATIONS = (
    Escalation(target="first_response", at=0.5, widen="next", reoffer=True),
    Escalation(target="first_response", at=1.0, widen="all", notify=("desk",)),
    Escalation(target="next_response", at=0.8, reoffer=True, notify=("holder",)),
    Escalation(target="next_response", at=1.0, notify=("holder", "leads")),
    Escalation(target="resolution", at=1.0, notify=("leads",), agents=(firm.DESK.agents[0].id,)),
    Escalation(target="follow_up", at=1.0, notify=("holder",)),
)
