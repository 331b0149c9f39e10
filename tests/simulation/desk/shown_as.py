"""What agents are shown of each contact in the end, held against the state of the desk and where lines stand."""

from collections.abc import Collection

from frontline.contract.ids import MessageId
from router.core.clock import MET, Clock
from router.core.contact import ASSIGNED, MERGED, OFFERED, WAITING, Contact
from router.core.state import DeskState
from router.index import row
from router.index.row import ContactRow, stamp
from tests.simulation.desk.firm import SUPPORT
from tests.simulation.desk.shown import Shown
from tests.simulation.desk.standing import Standing


def check(shown: Shown, state: DeskState, standing: Standing, unwritten: Collection[MessageId]) -> None:
    """`unwritten` are lines that stand nowhere: what was put aside once it was decided waits for people."""
    shown.catch_up()
    for contact in state.contacts.values():
        there = shown.read.row(SUPPORT, contact.id)
        assert there is not None, f"{contact.id} is not shown"
        found, wanted = _as_shown(there), _as_it_is(contact)
        assert found == wanted, f"{contact.id} is shown as {_other(found, wanted)}, and is {_other(wanted, found)}"
        lines = {line.item.id for line in shown.read.standing(contact.id) if line.contact == contact.id}
        here = {id_ for id_, (where, _) in standing.lines.items() if where == contact.id}
        missing = here.difference(lines, standing.gone(), unwritten)
        foreign = {id_ for id_ in lines if standing.lines.get(id_, (contact.id, 0))[0] != contact.id}
        assert not missing, f"not shown in {contact.id}: {missing}"
        assert not foreign, f"shown in {contact.id}, and somewhere else by now: {foreign}"
    for erased in state.erased:
        gone = shown.read.row(SUPPORT, erased)
        assert gone is None or gone.state == "erased", f"{erased} is erased, and shown as {gone.state}"
    agents = {id_: agent.state for id_, agent in shown.read.agents(SUPPORT).items()}
    assert agents == {id_: agent.state for id_, agent in state.agents.items()}, f"agents are shown as {agents}"


def _as_it_is(contact: Contact) -> dict[str, object]:
    found: dict[str, object] = {
        "state": "closed" if contact.phase == MERGED else contact.phase,
        "lane": contact.lane,
        "customer": contact.customer,
        "merged into": contact.merged_into,
        "offer": None if contact.offer is None else (contact.offer.id, stamp(contact.offer.expires_at)),
    }
    if contact.phase == ASSIGNED:
        found["agent"] = contact.agent
    if contact.phase in (WAITING, OFFERED, ASSIGNED):
        found["alarm"] = contact.alarmed and contact.phase != ASSIGNED
    for clock in contact.clocks:
        found |= _clock_as_it_is(clock)
    return found


def _clock_as_it_is(clock: Clock) -> dict[str, object]:
    found: dict[str, object] = {
        f"{clock.target} since": stamp(clock.started_at),
        f"{clock.target} outcome": _outcome(clock),
        f"{clock.target} due": stamp(clock.due_at),
    }
    if clock.running:
        found[f"{clock.target} paused"] = clock.paused
        found[f"{clock.target} warns"] = tuple((fraction, stamp(at)) for fraction, at in clock.warnings)
    return found


def _outcome(clock: Clock) -> str | None:
    if clock.breached:
        return "breached"
    if not clock.end:
        return None
    return "met" if clock.end == MET else "withdrawn"


def _as_shown(there: ContactRow) -> dict[str, object]:
    found: dict[str, object] = {
        "state": there.state,
        "lane": there.lane,
        "customer": there.customer,
        "merged into": there.merged_into,
        "offer": None if there.offer is None else (there.offer.id, there.offer.expires_at),
    }
    if there.state == "assigned":
        found["agent"] = None if there.assignment is None else there.assignment.agent
    if there.state in ("waiting", "offered", "assigned"):
        found["alarm"] = there.alarm
    for clock in there.clocks:  # the last of each target is the one that counts
        found = {key: value for key, value in found.items() if not key.startswith(f"{clock.target} ")}
        found |= _clock_as_shown(clock)
    return found


def _clock_as_shown(clock: row.Clock) -> dict[str, object]:
    found: dict[str, object] = {
        f"{clock.target} since": clock.started_at,
        f"{clock.target} outcome": clock.outcome,
        f"{clock.target} due": clock.due_at,
    }
    if clock.outcome is None:
        found[f"{clock.target} paused"] = clock.paused
        found[f"{clock.target} warns"] = tuple((due.fraction, due.at) for due in clock.warnings)
    return found


def _other(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in one.items() if other.get(key) != value}
