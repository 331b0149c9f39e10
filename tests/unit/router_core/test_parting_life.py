"""Whatever is split, moved, merged and taken apart again: a message is in one contact, and clocks go by that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.contact import MERGED
from router.core.event import DeliveryRecorded
from router.core.event_clock import ClockBreached, ClockMet, ClockRebased, ClockResumed, ClockStarted, ClockWithdrawn
from router.core.sla_moved import unanswered
from router.core.snapshot import restore, save
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.parting import Index
from tests.unit.router_core.sla_desk import HOUR, PromisingDesk, promising, target

TARGETS = (
    target("first_response", 4 * HOUR, pause_in=("waiting_third_party",)),
    target("next_response", 2 * HOUR, pause_in=("waiting_customer",)),
    target("resolution", 16 * HOUR, pause_in=("waiting_customer", "waiting_third_party")),
)
CUSTOMERS = ("ann", "bob", "eve")


class Desks:
    """One desk; numbers choose among what is there. Every message has a key of its own, by which it is answered."""

    def __init__(self) -> None:
        self.desk = PromisingDesk(msgspec.structs.replace(promising(*TARGETS), reopen_for=timedelta(days=3)))
        self.keys: list[str] = []
        self.splits = 0

    def write(self, customer: int, answers: int | None) -> None:
        named = None if answers is None or not self.keys else self.keys[-1 - answers % len(self.keys)]
        finds = [] if named is None else [(named, ThreadEvidence.TOKEN)]
        binds = [f"t{len(self.keys)}", *([] if named is None or customer else [named])]
        self.desk.must(self.desk.mail(CUSTOMERS[customer % len(CUSTOMERS)], finds=finds, binds=binds))
        self.keys.append(binds[0])

    def contact(self, which: int) -> ContactId | None:
        contacts = list(self.desk.state.contacts)
        return contacts[which % len(contacts)] if contacts else None

    def do(self, act: str, which: int, other: int) -> None:
        self.desk.tick()  # what is over is closed, and not there any more
        contact, to, desk = self.contact(which), self.contact(other), self.desk
        if contact is None or to is None:
            return
        merged = desk.contact(contact).merged_into is not None
        match act:
            case "reply" if not merged:
                desk.reply(contact, keys=[f"r{len(desk.log)}"])
            case "bounce" if desk.contact(contact).replies:
                replies = desk.contact(contact).replies
                assert desk.delivery(contact, replies[other % len(replies)][0], DeliveryState.FAILED).refused is None
            case "merge":
                desk.merge(contact, to)
            case "unmerge":
                desk.unmerge(contact)
            case "resolve":
                desk.resolve(contact)
            case "reopen":
                desk.reopen(contact)
            case "customer" | "third_party" if not merged and desk.contact(contact).phase != "resolved":
                desk.waits(contact, f"waiting_{act}")
            case "split" | "move":
                self._part(act, contact, to, other)

    def _part(self, act: str, contact: ContactId, to: ContactId, which: int) -> None:
        index = Index(self.desk)
        said = index.of(contact)
        if len(said) < 2:
            return
        if act == "move":
            command: Any = index.move(contact, said[which % len(said)].id, to)
        else:
            self.splits += 1
            command = index.split(contact, said[1 + which % (len(said) - 1)].id, f"c-split-{self.splits}")
        refused = self.desk.ask(command).refused
        if contact != to and MERGED not in (self.desk.contact(contact).phase, self.desk.contact(to).phase):
            assert refused is None

    def holds(self) -> None:
        """Every message is in one contact, which knows its replies; a story of clocks is one that can have been."""
        index = Index(self.desk)  # it looks, as it reads, that what is moved was there
        failed = {event.reply for event in self.desk.told(DeliveryRecorded)}
        for contact in self.desk.state.contacts.values():
            replies = {each.id for each in index.of(contact.id) if each.answers} - failed
            assert {reply for reply, _ in contact.replies} - failed == replies
            assert [at for _, at in contact.replies] == sorted(at for _, at in contact.replies)
        _clocks_end_once(self.desk)

    def ends(self) -> None:
        self.desk.tick()
        self.holds()
        assert self.desk.agrees_with_its_log()
        assert fingerprint(restore(save(self.desk.state))) == fingerprint(self.desk.state)


@dataclass
class _Run:
    due_at: datetime
    runs: bool = True
    breached: bool = False


def _clocks_end_once(desk: PromisingDesk) -> None:
    """A clock that has ended tells nothing any more, unless it runs on. It is breached once, at its deadline."""
    all_: dict[tuple[ContactId, str, datetime], _Run] = {}
    latest: dict[tuple[ContactId, str], datetime] = {}
    for event in (event for commit in desk.log for event in commit.events):
        of = (getattr(event, "contact", ContactId("")), getattr(event, "target", ""))
        if isinstance(event, ClockStarted):
            before = all_.get((*of, latest[of])) if of in latest else None
            assert before is None or not before.runs or before.breached
            latest[of] = event.at
            if event.resumes:
                assert not all_[*of, event.at].runs
                all_[*of, event.at].runs = True
            else:
                all_[*of, event.at] = _Run(event.due_at)
        if not isinstance(event, ClockResumed | ClockRebased | ClockBreached | ClockMet | ClockWithdrawn):
            continue
        run = all_[*of, latest[of]]
        assert run.runs or isinstance(event, ClockResumed)
        match event:
            case ClockResumed():
                run.runs, run.due_at = True, event.due_at
            case ClockRebased():
                assert not run.breached
                latest[of] = event.started_at or latest[of]
                all_[*of, latest[of]] = _Run(event.due_at)
            case ClockBreached():
                assert not run.breached
                assert event.at == run.due_at
                run.breached = True
            case ClockMet() | ClockWithdrawn():
                assert event.late == run.breached
                run.runs = False


some = st.integers(0, 30)
ACTS = ("reply", "bounce", "merge", "unmerge", "resolve", "reopen", "customer", "third_party")
PASSING = (0, 1, 60_000, 3_600_000, 7_200_000, 90_000_000, 300_000_000)


class AnyParting(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.life = Desks()

    @rule(milliseconds=st.sampled_from(PASSING), fires=st.booleans())
    def time_passes(self, milliseconds: int, fires: bool) -> None:
        self.life.desk.now += timedelta(milliseconds=milliseconds)
        if fires:
            self.life.desk.tick()

    @rule(customer=some, answers=st.none() | some)
    def a_mail_comes(self, customer: int, answers: int | None) -> None:
        self.life.write(customer, answers)

    @rule(act=st.sampled_from(ACTS), which=some, other=some)
    def an_agent_acts(self, act: str, which: int, other: int) -> None:
        self.life.do(act, which, other)

    @rule(act=st.sampled_from(("split", "move")), which=some, other=some)
    def an_agent_parts(self, act: str, which: int, other: int) -> None:
        self.life.do(act, which, other)

    @invariant()
    def holds(self) -> None:
        self.life.holds()

    def teardown(self) -> None:
        self.life.ends()


AnyParting.TestCase.settings = example_settings(max_examples=50, stateful_step_count=40, deadline=None)
TestAnyParting = AnyParting.TestCase


@pytest.mark.parametrize("seed", range(16))
def test_long_stories_of_splits_moves_and_merges_keep_every_message_and_clock(seed: int) -> None:
    dice, life = Random(seed), Desks()
    for _ in range(120):
        life.desk.now += timedelta(milliseconds=dice.choice(PASSING))
        if dice.random() < 0.35:
            life.write(dice.randrange(3), dice.choice([None, dice.randrange(8), dice.randrange(8)]))
        else:
            life.do(dice.choice([*ACTS, "split", "move", "move", "reply"]), dice.randrange(30), dice.randrange(30))
    life.ends()


@pytest.mark.parametrize("seed", range(16))
def test_the_clock_of_every_contact_runs_from_its_first_question_without_an_answer(seed: int) -> None:
    """Of desks that only write, answer, split and move: told from where messages are, and nothing else."""
    dice, life = Random(seed), Desks()
    for _ in range(80):
        life.desk.now += timedelta(milliseconds=dice.choice([1, 60_000, 1_800_000, 5_000_000]))
        if dice.random() < 0.5:
            life.write(dice.randrange(3), dice.choice([None, *range(6)]))
        else:
            life.do(dice.choice(["reply", "split", "move", "move"]), dice.randrange(20), dice.randrange(20))
        life.desk.tick()
        index = Index(life.desk)
        for id_ in life.desk.state.contacts:
            _runs_from_its_question(index, id_)
    life.ends()


def _runs_from_its_question(index: Index, id_: ContactId) -> None:
    said, desk = index.of(id_), index.desk
    replies: list[tuple[MessageId, Any]] = sorted(
        ((each.id, each.at) for each in said if each.answers), key=lambda sent: sent[1]
    )
    asked = unanswered(sorted(each.at for each in said if each.asks), replies)
    clocks = [desk.contact(id_).clock(name) for name in ("first_response", "next_response")]
    open_ = [clock for clock in clocks if clock is not None and not clock.end]
    assert (asked is None) == (not open_)
    for clock in open_:
        assert clock.breached or clock.started_at == asked
    assert sum(clock.running for clock in open_) <= 1
