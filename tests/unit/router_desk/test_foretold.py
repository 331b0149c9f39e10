"""How right the estimated waits were: told on arrival, measured when an agent has them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from frontline.configuration.model import Desk
from frontline.contract.deskview import Range
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId
from frontline.runtime.telemetry import logger
from router.core.event import ContactAssigned, ContactMerged, ContactOpened, CustomerLeft
from router.core.handling import Key
from router.core.wait import Estimate, Waits
from router.desk import view
from router.desk.figures import RouterFigures
from router.desk.foretold import Foreteller
from router.desk.view import _by_channel
from tests.unit.router_core.driver import NOON

CHAT: Key = (ChannelName("chat"), InboxId("support"))
SECOND = timedelta(seconds=1)
TOLD = {CHAT: Estimate(60 * SECOND, 20 * SECOND, 120 * SECOND)}


def opened(name: str, *, live: bool = True) -> ContactOpened:
    return ContactOpened(
        at=NOON, contact=ContactId(name), channel=CHAT[0], inbox=CHAT[1], customer=CustomerId("x"), lane="normal", live=live
    )  # fmt: skip


def assigned(name: str, seconds: int) -> ContactAssigned:
    at = NOON + seconds * SECOND
    return ContactAssigned(at=at, contact=ContactId(name), agent=AgentId("a"), via="auto", rule="longest_idle")


@pytest.fixture
def heard() -> list[tuple[float, bool]]:
    return []


@pytest.fixture
def foreteller(heard: list[tuple[float, bool]]) -> Foreteller:
    return Foreteller(lambda longer, within: heard.append((longer, within)))


def test_rule_3_the_error_of_past_estimates_is_measured_against_what_was_told_on_arrival(
    foreteller: Foreteller, heard: list[tuple[float, bool]]
) -> None:
    for name in ("one", "two"):
        foreteller.heard(opened(name), TOLD)
    foreteller.heard(assigned("one", 70), {CHAT: Estimate(*[5 * SECOND] * 3)})
    foreteller.heard(assigned("two", 200), {})
    assert heard == [(10.0, True), (140.0, False)]
    assert foreteller.foretold is not None
    assert (foreteller.foretold.waits, foreteller.foretold.longer) == (2, timedelta(seconds=75))
    assert foreteller.foretold.within == pytest.approx(0.5, abs=0.01)


def test_whoever_was_told_nothing_or_left_or_only_wrote_is_not_counted(
    foreteller: Foreteller, heard: list[tuple[float, bool]]
) -> None:
    foreteller.heard(opened("nobody-there"), {CHAT: None})
    foreteller.heard(opened("left"), TOLD)
    foreteller.heard(CustomerLeft(at=NOON, contact=ContactId("left")), TOLD)
    foreteller.heard(opened("merged"), TOLD)
    foreteller.heard(ContactMerged(at=NOON, contact=ContactId("merged"), into=ContactId("c"), agent=AgentId("a")), TOLD)
    foreteller.heard(opened("mail", live=False), TOLD)
    for name in ("nobody-there", "left", "merged", "mail"):
        foreteller.heard(assigned(name, 5), TOLD)
    assert heard == []
    assert foreteller.foretold is None


def test_a_wait_is_counted_once_however_often_the_contact_changes_hands(
    foreteller: Foreteller, heard: list[tuple[float, bool]]
) -> None:
    foreteller.heard(opened("one"), TOLD)
    foreteller.heard(assigned("one", 30), TOLD)
    foreteller.heard(assigned("one", 500), TOLD)
    assert heard == [(-30.0, True)]


def test_a_channel_tells_the_longest_of_its_inboxes_in_steps_that_people_speak_in() -> None:
    sales: Key = (CHAT[0], InboxId("sales"))
    shown = _by_channel(
        {**TOLD, sales: Estimate(9 * SECOND, 3 * SECOND, 22 * SECOND), (CHAT[0], InboxId("away")): None}
    )
    assert shown == {
        "chat": Range(low=timedelta(0), high=timedelta(minutes=2)),
        "chat.support": Range(low=timedelta(0), high=timedelta(minutes=2)),
        "chat.sales": Range(low=timedelta(0), high=timedelta(seconds=25)),
    }


def test_a_bug_in_an_estimate_is_counted_and_stops_no_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(view, "waits", broken)
    registry = CollectorRegistry()
    shows = view.ShowsDesk.__new__(view.ShowsDesk)
    shows._figures, shows._log, shows._desk = RouterFigures(registry), logger("test"), Desk(id=DeskId("support"))
    shows._loop, shows._live, shows._watched = SimpleNamespace(state=None), {}, []  # type: ignore[assignment]
    assert shows._estimated(NOON) == Waits({}, {})
    assert registry.get_sample_value("frontline_desk_estimates_failed_total", {"desk": "support"}) == 1
