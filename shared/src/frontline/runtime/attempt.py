"""What to do about a reply that is to be delivered: pure, from what is recorded and what came out.

The record is written before each attempt and after it. So one that says `attempting` when the
reply comes up again tells of an attempt whose result nobody knows: the process died in it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from frontline.contract.channel import Delivered
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.message import DeliveryState


class Stage(StrEnum):
    """Where a reply stands: being attempted, waiting for the next attempt, or done for good."""

    ATTEMPTING = "attempting"
    DEFERRED = "deferred"
    SETTLED = "settled"


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The value of `DELIVERIES.<reply id>`. Ids and figures only.

    `strays` counts attempts that ended without a result; `release` is the operator's release that
    the record is about (empty: the first way through); `parked` the reason it was parked for.
    """

    stage: Stage
    attempts: int
    first: datetime
    last: datetime
    strays: int = 0
    state: DeliveryState | None = None
    native_id: str = ""
    detail: str = ""
    parked: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """`pauses` are the waits after the first, second, ... attempt, the last one for all further."""

    pauses: tuple[timedelta, ...]
    give_up_after: timedelta
    strays: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """Record this, then send."""

    record: Record


@dataclass(frozen=True, slots=True)
class Defer:
    """Record this, come back after `pause`."""

    record: Record
    pause: timedelta


@dataclass(frozen=True, slots=True)
class Settle:
    """Record this (when it is `new`), tell the desk, park it if the record says so, acknowledge."""

    record: Record
    new: bool = True


class NoResult(Exception):
    """The attempt ended by a bug or in time-out: the far end may have the reply, or not."""


Outcome = Delivered | Rejected | Unavailable | NoResult


def before(record: Record | None, *, release: str, repeatable: bool, now: datetime, policy: Policy) -> Attempt | Settle:
    """What to do with a reply that comes up, given what is recorded of it."""
    if record is None or (release and record.release != release):
        return Attempt(Record(stage=Stage.ATTEMPTING, attempts=1, first=now, last=now, release=release))
    match record.stage:
        case Stage.SETTLED:
            return Settle(record, new=False)
        case Stage.DEFERRED:
            return Attempt(_again(record, now, strays=record.strays))
        case Stage.ATTEMPTING:
            if repeatable and record.strays + 1 < policy.strays:
                return Attempt(_again(record, now, strays=record.strays + 1))
            return Settle(_unknown(record, now))


def after(record: Record, outcome: Outcome, *, repeatable: bool, now: datetime, policy: Policy) -> Settle | Defer:
    """What to do after the attempt that `record` stands for came out as `outcome`."""
    match outcome:
        case Delivered():
            return Settle(_settled(record, now, outcome.state, native_id=outcome.native_id, detail=outcome.detail))
        case Rejected():
            return Settle(_settled(record, now, DeliveryState.FAILED, detail=outcome.detail, parked="rejected"))
        case Unavailable():
            left = record.first + policy.give_up_after - now
            if left <= timedelta(0):
                return Settle(_settled(record, now, DeliveryState.FAILED, detail=outcome.detail, parked="expired"))
            pause = max(_pause(record.attempts, policy), timedelta(seconds=outcome.retry_after))
            deferred = msgspec.structs.replace(record, stage=Stage.DEFERRED, last=now)
            return Defer(deferred, min(pause, left))  # the last attempt is made when the time is up, not before
        case NoResult():
            if repeatable and record.strays + 1 < policy.strays:
                return Defer(record, _pause(record.attempts, policy))
            return Settle(_unknown(record, now))


def may_replace(present: Record, result: Record) -> bool:
    """Whether a result may be written over what somebody else recorded meanwhile: knowing goes over not knowing."""
    if present.release != result.release:
        return False
    return present.stage is not Stage.SETTLED or present.state is DeliveryState.UNKNOWN


def _again(record: Record, now: datetime, *, strays: int) -> Record:
    return msgspec.structs.replace(
        record, stage=Stage.ATTEMPTING, attempts=record.attempts + 1, last=now, strays=strays
    )


def _settled(
    record: Record, now: datetime, state: DeliveryState, *, native_id: str = "", detail: str = "", parked: str = ""
) -> Record:
    return msgspec.structs.replace(
        record, stage=Stage.SETTLED, last=now, state=state, native_id=native_id, detail=detail, parked=parked
    )


def _unknown(record: Record, now: datetime) -> Record:
    detail = "an attempt ended without a result: the customer may have this reply, or not"
    return _settled(record, now, DeliveryState.UNKNOWN, detail=detail, parked="unknown")


def _pause(attempts: int, policy: Policy) -> timedelta:
    return policy.pauses[min(attempts, len(policy.pauses)) - 1]
