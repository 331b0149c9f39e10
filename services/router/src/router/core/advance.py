"""One command, from beginning to end: what is due, what it comes to, what follows. The desk's loop,
the simulator and the tests all go through here; so does a replay, past the deciding.
"""

from datetime import datetime

import msgspec

from router.core.calendar import event_time, exact
from router.core.command import DeskCommand, ReceiveMessage, RecordDelivery, StartEpoch
from router.core.commit import Commit, Outcome
from router.core.decide import decide, due, next_settling
from router.core.decide_check_in import armed
from router.core.event import DeskDecision
from router.core.event_clock import ClockResumed
from router.core.event_escalation import Escalated
from router.core.evolve import begin_commit, evolve, remember_outcome
from router.core.refusal import Refused
from router.core.state import DeskState

EVENT_LIMIT = 500
"""Events of one commit, about; they stay well below the 256 KB that a commit may have."""

INTERVALS_PER_EVENT = 4
"""So many intervals, in which a clock explains itself, are as long as an event."""

AGENTS_PER_EVENT = 8
"""So many of those who are told are as long as an event."""


_OF_THE_PAST = frozenset({ReceiveMessage, RecordDelivery, StartEpoch})
"""Commands whose own time may be before now."""


class Torn(Exception):
    """The state has changed and there will be no commit to tell it: it has to be read from the log again."""


class Step(msgspec.Struct, frozen=True):
    """What one command has come to. `commit` is what to append, `None` if nothing has happened.

    `refused` or `failed` (a bug, by its exception) say that the command itself did nothing; the commit
    then holds only what was due anyway, and no outcome. `repeated` is the answer of the first time.
    """

    now: datetime
    commit: Commit | None = None
    refused: Refused | None = None
    failed: Exception | None = None
    repeated: Outcome | None = None

    @property
    def events(self) -> tuple[DeskDecision, ...]:
        return () if self.commit is None else self.commit.events


def advance(
    state: DeskState,
    command: DeskCommand,
    now: datetime,
    *,
    epoch: int,
    index: int,
    cause: str = "",
    outcome: Outcome | None = None,
    limit: int = EVENT_LIMIT,
) -> Step:
    """Carry `command` out at `now`, as commit `epoch`.`index`.

    Fires what came due before the command's own time, decides it, fires the rest up to `now`, and
    gives away who waits. What is beyond `limit` events stays due: see `next_due`. Raises `Torn`; any
    other exception leaves the state as it was.
    """
    now = max(state.now, exact(now))
    if outcome is not None and (repeated := state.outcome(outcome.request)) is not None:
        return Step(now, repeated=repeated)
    work = _Work(state, now, epoch, index, limit)
    first_by, wanted = state.dues.first_by, state.check_ins.wanted
    came = _time_of(state, command, now) if type(command) in _OF_THE_PAST else now
    if wanted or first_by(came) is not None:
        work.fire(came)
    refused, failed = None, None
    try:
        decided = decide(state, command, now)
    except Refused as refusal:
        refused = refusal
    except Exception as bug:  # noqa: BLE001 - what was due has happened whatever is wrong with this command
        failed = bug
    else:
        if decided:
            work.evolve(decided)
        if outcome is not None:
            work.answer(outcome)
    if wanted or first_by(now) is not None:
        work.fire(now)
    work.settle()
    mine = refused is None and failed is None
    return Step(now, work.commit(cause if mine else "", outcome if mine else None), refused, failed)


def replay(state: DeskState, commit: Commit) -> None:
    """Apply a commit that counts: the same changes, in the same way, as when it was decided.

    Raises `IllegalEvent` for one that does not follow; the state can't be used any more then.
    """
    begin_commit(state, commit.epoch, commit.index, commit.now)
    evolve(state, commit.events)
    if commit.outcome is not None:
        remember_outcome(state, commit.outcome)


def next_due(state: DeskState) -> datetime | None:
    """When a `Tick` has something to do: at once (an instant that has passed) while work is left over
    from a commit that was full, else when the next thing comes due; `None` for never.
    """
    if state.escalating or state.check_ins.wanted or state.unanswering or state.leaving or not state.matching.settled:
        return state.now
    entry = state.dues.first()
    return None if entry is None else entry[0]


def _time_of(state: DeskState, command: DeskCommand, now: datetime) -> datetime:
    """Event time decides: what came due after a message arrived did not come before it."""
    if isinstance(command, ReceiveMessage | RecordDelivery):
        return event_time(command.at, now)
    return state.now if isinstance(command, StartEpoch) else now


class _Work:
    """A commit in the making. The state changes with the first event, and from there on there is no
    way back: whatever goes wrong then is `Torn`.
    """

    __slots__ = ("_epoch", "_events", "_index", "_now", "_open", "_room", "_state")

    def __init__(self, state: DeskState, now: datetime, epoch: int, index: int, limit: int) -> None:
        self._state = state
        self._now = now
        self._epoch = epoch
        self._index = index
        self._room = limit
        self._open = False
        self._events: list[DeskDecision] = []

    def evolve(self, events: tuple[DeskDecision, ...]) -> None:
        state = self._state
        if not self._open:
            begin_commit(state, self._epoch, self._index, self._now)
            self._open = True
        try:
            evolve(state, events)
        except Exception as error:
            kinds = ", ".join(type(event).__name__ for event in events)
            raise Torn(f"not all of this could be carried out: {kinds}") from error
        self._events += events
        self._room -= len(events)

    def answer(self, outcome: Outcome) -> None:
        if not self._open:
            begin_commit(self._state, self._epoch, self._index, self._now)
            self._open = True
        remember_outcome(self._state, outcome)

    def fire(self, until: datetime) -> None:
        """What came due by `until`, in its order. A check-in that a full commit left has its instant once it is armed,
        and that may have passed by now.
        """
        state, now = self._state, self._now
        first_by, wanted = state.dues.first_by, state.check_ins.wanted
        while self._room > 0:
            if wanted:
                self.evolve(armed(state, now))
                continue
            if (entry := first_by(until)) is None:
                return
            events = due(state, entry)
            self.evolve(events)
            for event in events:
                if type(event) is ClockResumed:
                    self._room -= len(event.intervals) // INTERVALS_PER_EVENT

    def settle(self) -> None:
        while self._room > 0 and (events := next_settling(self._state, self._now)):
            self.evolve(events)
            for event in events:
                if type(event) is Escalated:
                    self._room -= len(event.agents) // AGENTS_PER_EVENT

    def commit(self, cause: str, outcome: Outcome | None) -> Commit | None:
        if not self._open:
            return None
        return Commit(
            epoch=self._epoch,
            index=self._index,
            now=self._now,
            cause=cause,
            outcome=outcome,
            events=tuple(self._events),
        )
