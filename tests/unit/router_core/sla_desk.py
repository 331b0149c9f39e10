"""Desks with promises: policies and calendars in short words, and what clocks say of themselves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, ContactId, MessageId
from frontline.contract.message import ThreadEvidence
from router.core.clock import Clock
from router.core.command import ChangeLane, Promise, WaitFor
from router.core.desk_settings import (
    CalendarSettings,
    DeskSettings,
    HoursSettings,
    PolicySettings,
    SpecialDaySettings,
    TargetSettings,
)
from router.core.happened import Event
from tests.unit.router_core.driver import Desk, settings

CUSTOMER = "waiting_customer"
THIRD_PARTY = "waiting_third_party"
BOTH = (CUSTOMER, THIRD_PARTY)
HOUR = timedelta(hours=1)

NINE_TO_FIVE = tuple(HoursSettings(weekday=day, opens=540, closes=1020) for day in range(5))
OFFICE = CalendarSettings(id="office", zone="Europe/Berlin", week=NINE_TO_FIVE)


def at(text: str) -> datetime:
    """`2026-03-02 12:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def target(name: str, within: timedelta, **more: object) -> TargetSettings:
    return TargetSettings(target=name, within=within, **more)  # type: ignore[arg-type]


FIRST = target("first_response", 4 * HOUR)
NEXT = target("next_response", 2 * HOUR)
RESOLUTION = target("resolution", 16 * HOUR, pause_in=BOTH)


def promising(
    *targets: TargetSettings,
    calendar: CalendarSettings | None = None,
    version: int = 1,
    policy_version: int = 1,
    agents: Sequence[str] = ("a",),
) -> DeskSettings:
    """Settings whose one policy promises these targets, in the time of `calendar` or around the clock."""
    policy = PolicySettings(
        id="standard",
        version=policy_version,
        calendar=calendar.id if calendar else "always",
        targets=targets or (FIRST, NEXT, RESOLUTION, TargetSettings(target="follow_up")),
    )
    return msgspec.structs.replace(
        settings(*agents, version=version), policies=(policy,), calendars=(calendar,) if calendar else ()
    )


def closed(calendar: CalendarSettings, *days: str) -> CalendarSettings:
    special = tuple(SpecialDaySettings(day=datetime.fromisoformat(day).date()) for day in days)
    return msgspec.structs.replace(calendar, special=special)


class PromisingDesk(Desk):
    """One desk, whose first customer is Ann."""

    def __init__(self, configuration: DeskSettings, begins: str = "2026-03-02 08:00") -> None:
        super().__init__()
        self.now = at(begins)
        self.must_apply(configuration)

    def since(self, text: str) -> "PromisingDesk":
        self.now = at(text)
        return self

    def asks(self) -> ContactId:
        """Ann opens a contact."""
        return self.opens("ann", binds=["thread"])

    def asks_again(self, *, since: datetime | None = None) -> tuple[Event, ...]:
        return self.must(self.mail("ann", at=since, finds=[("thread", ThreadEvidence.REFERENCE)]))

    def waits(self, contact: ContactId, state: str = CUSTOMER, until: datetime | None = None) -> None:
        self.must(WaitFor(contact=contact, agent=AgentId("a"), state=state, until=until))

    def promises(self, contact: ContactId, due_at: datetime) -> None:
        self.promises_of("a", contact, due_at)

    def promises_of(self, agent: str, contact: ContactId, due_at: datetime) -> None:
        self._sent += 1
        note = MessageId(f"n{self._sent}")
        self.must(Promise(contact=contact, agent=AgentId(agent), due_at=due_at, note=note, draft=self._sent))

    def lane(self, contact: ContactId, lane: str) -> None:
        self.must(ChangeLane(contact=contact, agent=AgentId("a"), lane=lane, reason="asked for"))

    def running(self, contact: ContactId, name: str) -> Clock:
        clock = self.contact(contact).clock(name)
        assert clock is not None
        return clock

    def due(self, contact: ContactId, name: str) -> datetime:
        return self.running(contact, name).due_at

    def lives_on(self, text: str) -> None:
        """Time passes, and the timer fires."""
        self.now = at(text)
        self.tick()
