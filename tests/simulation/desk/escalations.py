"""What the log should say of escalations: one for each warning and breach that the clock's own policy has a rule for."""

from collections.abc import Iterator

from frontline.contract.ids import ContactId
from router.core.commit import Commit
from router.core.desk_settings import DeskSettings
from router.core.event import ContactClosed
from router.core.event_clock import ClockBreached, ClockRebased, ClockStarted, ClockWarned
from router.core.event_escalation import Escalated
from router.core.event_people import ConfigChanged

_Rules = frozenset[tuple[str, float]]


def fire_once(log: list[Commit], limit: int) -> None:
    """At once, in the order in which the clocks came there; `limit` is that of the events of a commit."""
    rules: dict[int, _Rules] = {}
    runs_by: dict[tuple[ContactId, str], int] = {}
    asked: dict[ContactId, list[tuple[str, float]]] = {}
    for commit in log:
        for event in commit.events:
            match event:
                case ConfigChanged():
                    rules |= _rules(event.settings)
                case ClockStarted() | ClockRebased():
                    runs_by[event.contact, event.target] = event.version
                case ClockWarned() | ClockBreached():
                    reached = (event.target, event.fraction if isinstance(event, ClockWarned) else 1.0)
                    if reached in rules.get(runs_by[event.contact, event.target], ()):
                        asked.setdefault(event.contact, []).append(reached)
                case Escalated():
                    first = next(iter(asked.get(event.contact, ())), None)
                    what = f"{event.target} of {event.contact} at {event.fraction:g}"
                    assert first == (event.target, event.fraction), f"{what} is escalated, and {first} is to be"
                    asked[event.contact].pop(0)
                case ContactClosed():
                    asked.pop(event.contact, None)
        left = {contact: what for contact, what in asked.items() if what}
        assert len(commit.events) >= limit or not left, f"{left} should be escalated at {commit.now}, and is not"


def _rules(settings: DeskSettings) -> Iterator[tuple[int, _Rules]]:
    for policy in settings.policies:
        yield (
            policy.version,
            frozenset((target.target, rule.fraction) for target in policy.targets for rule in target.escalations),
        )
