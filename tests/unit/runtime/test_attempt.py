from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.channel import Delivered
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.message import DeliveryState
from frontline.runtime.attempt import (
    Attempt,
    Defer,
    NoResult,
    Outcome,
    Policy,
    Record,
    Settle,
    Stage,
    after,
    before,
    may_replace,
)

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(pauses=(MINUTE, 5 * MINUTE, 60 * MINUTE), give_up_after=timedelta(days=5), strays=3)


def start(record: Record | None = None, *, release: str = "", repeatable: bool = True) -> Attempt | Settle:
    return before(record, release=release, repeatable=repeatable, now=NOW, policy=POLICY)


def end(record: Record, outcome: Outcome, *, repeatable: bool = True, now: datetime = NOW) -> Settle | Defer:
    return after(record, outcome, repeatable=repeatable, now=now, policy=POLICY)


def attempting(**parts: object) -> Record:
    given: dict[str, object] = {"stage": Stage.ATTEMPTING, "attempts": 1, "first": NOW, "last": NOW, **parts}
    return Record(**given)  # type: ignore[arg-type]


def test_a_reply_that_nobody_attempted_is_attempted() -> None:
    assert start() == Attempt(attempting())


def test_a_reply_with_a_recorded_result_is_never_attempted_again() -> None:
    settled = attempting(stage=Stage.SETTLED, state=DeliveryState.SENT)
    assert start(settled) == Settle(settled, new=False)


def test_a_deferred_reply_is_attempted_again_also_when_repeating_would_do_harm() -> None:
    step = start(attempting(stage=Stage.DEFERRED, attempts=3), repeatable=False)
    assert isinstance(step, Attempt)
    assert (step.record.stage, step.record.attempts) == (Stage.ATTEMPTING, 4)


def test_an_attempt_without_a_result_is_repeated_where_that_is_harmless() -> None:
    step = start(attempting(), repeatable=True)
    assert isinstance(step, Attempt)
    assert (step.record.attempts, step.record.strays) == (2, 1)


def test_an_attempt_without_a_result_is_left_to_a_person_where_repeating_would_do_harm() -> None:
    step = start(attempting(), repeatable=False)
    assert isinstance(step, Settle)
    assert (step.record.state, step.record.parked) == (DeliveryState.UNKNOWN, "unknown")


def test_a_reply_that_ends_the_process_each_time_is_left_to_a_person_in_the_end() -> None:
    record, attempts = None, 0
    while isinstance(step := start(record), Attempt):
        record, attempts = step.record, attempts + 1
    assert attempts == POLICY.strays
    assert step.record.state is DeliveryState.UNKNOWN


def test_a_release_makes_a_settled_reply_fresh_once() -> None:
    failed = attempting(stage=Stage.SETTLED, state=DeliveryState.FAILED, parked="rejected")
    step = start(failed, release="7")
    assert isinstance(step, Attempt)
    assert (step.record.release, step.record.attempts) == ("7", 1)
    settled = msgspec.structs.replace(step.record, stage=Stage.SETTLED, state=DeliveryState.SENT)
    assert start(settled, release="7") == Settle(settled, new=False)


def test_what_the_far_end_took_is_settled_with_its_id() -> None:
    step = end(attempting(), Delivered(native_id="n1", state=DeliveryState.DELIVERED))
    assert isinstance(step, Settle)
    assert (step.record.state, step.record.native_id, step.record.parked) == (DeliveryState.DELIVERED, "n1", "")


def test_what_the_far_end_refuses_is_failed_and_parked() -> None:
    step = end(attempting(), Rejected("no such pigeon"))
    assert isinstance(step, Settle)
    assert (step.record.state, step.record.parked, step.record.detail) == (
        DeliveryState.FAILED,
        "rejected",
        "no such pigeon",
    )


@pytest.mark.parametrize("attempts, minutes", [(1, 1), (2, 5), (3, 60), (4, 60), (99, 60)])
def test_pauses_grow_by_the_schedule_and_stay_at_its_last(attempts: int, minutes: int) -> None:
    step = end(attempting(attempts=attempts), Unavailable("busy", retry_after=0))
    assert isinstance(step, Defer)
    assert step.pause == minutes * MINUTE
    assert step.record.stage is Stage.DEFERRED


def test_a_far_end_that_says_when_to_come_back_is_heard() -> None:
    step = end(attempting(), Unavailable("busy", retry_after=600))
    assert isinstance(step, Defer)
    assert step.pause == 10 * MINUTE


def test_the_last_attempt_is_made_when_the_time_is_up_and_then_it_has_failed() -> None:
    almost = NOW + POLICY.give_up_after - MINUTE
    step = end(attempting(attempts=50), Unavailable("busy"), now=almost)
    assert isinstance(step, Defer)
    assert step.pause == MINUTE
    step = end(attempting(attempts=51), Unavailable("busy"), now=almost + MINUTE)
    assert isinstance(step, Settle)
    assert (step.record.state, step.record.parked) == (DeliveryState.FAILED, "expired")


def test_a_bug_is_tried_again_later_where_that_is_harmless_and_then_parked() -> None:
    record, pauses = attempting(), 0
    while isinstance(step := end(record, NoResult()), Defer):
        again = start(step.record)
        assert isinstance(again, Attempt)
        record, pauses = again.record, pauses + 1
    assert pauses == POLICY.strays - 1
    assert step.record.parked == "unknown"


def test_a_bug_is_left_to_a_person_at_once_where_repeating_would_do_harm() -> None:
    step = end(attempting(), NoResult(), repeatable=False)
    assert isinstance(step, Settle)
    assert step.record.state is DeliveryState.UNKNOWN


def test_knowing_goes_over_not_knowing_and_never_the_other_way() -> None:
    unknown = attempting(stage=Stage.SETTLED, state=DeliveryState.UNKNOWN)
    sent = attempting(stage=Stage.SETTLED, state=DeliveryState.SENT)
    assert may_replace(unknown, sent)
    assert may_replace(attempting(), sent)
    assert not may_replace(sent, unknown)
    assert not may_replace(attempting(release="7"), sent)


OUTCOMES = st.sampled_from([Delivered(), Rejected("no"), Unavailable("later", retry_after=1), NoResult(), None])


@given(st.lists(OUTCOMES, min_size=1, max_size=40), st.booleans())
def test_whatever_happens_a_harmful_repeat_is_never_made(outcomes: list[Outcome | None], repeatable: bool) -> None:
    """`None` stands for a process that dies in the attempt. Sending twice is fine only where it is harmless."""
    record: Record | None = None
    now, perhaps_sent = NOW, 0
    for outcome in outcomes:
        step = before(record, release="", repeatable=repeatable, now=now, policy=POLICY)
        if isinstance(step, Settle):
            return
        record = step.record
        perhaps_sent += not isinstance(outcome, (Rejected, Unavailable))
        assert repeatable or perhaps_sent <= 1
        assert perhaps_sent <= POLICY.strays + 1
        if outcome is not None:
            done = after(record, outcome, repeatable=repeatable, now=now, policy=POLICY)
            record = done.record
            if isinstance(done, Defer):
                assert done.pause > timedelta(0)
                now += done.pause


@given(st.integers(1, 1000), st.integers(1, 5))
def test_an_unavailable_far_end_is_given_up_on_after_the_set_time_and_not_before(seconds: int, days: int) -> None:
    policy = Policy(
        pauses=(timedelta(seconds=seconds * 10), timedelta(hours=6)), give_up_after=timedelta(days=days), strays=3
    )
    record, now = None, NOW
    while True:
        step = before(record, release="", repeatable=False, now=now, policy=policy)
        assert isinstance(step, Attempt)
        done = after(step.record, Unavailable("later", retry_after=0), repeatable=False, now=now, policy=policy)
        if isinstance(done, Settle):
            break
        record, now = done.record, now + done.pause
    assert now == NOW + policy.give_up_after
