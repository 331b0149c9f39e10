"""A simulated day: what people and customers do in it, and what is counted."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import msgspec
import pytest

from frontline.contract.ids import AgentId, ChannelName, InboxId
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings, TargetSettings
from router.core.rota_settings import ShiftSettings
from router.simulate.day import Absence, Arrival, Day
from router.simulate.drawing import draw
from router.simulate.example import DAY
from router.simulate.figures import figures, percentile
from router.simulate.picture import picture
from router.simulate.play import play
from router.simulate.scenario import Scenario, scenario_of
from router.simulate.table import short, spoken
from router.simulate.visit import Played

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
PHONE, EMAIL, MAIN = ChannelName("phone"), ChannelName("email"), InboxId("main")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def desk(
    people: int = 1,
    *,
    offer_for: timedelta | None = None,
    wrap_up: timedelta | None = None,
    shifts: tuple[ShiftSettings, ...] = (),
    within: timedelta = HOUR,
) -> DeskSettings:
    phone = InboxSettings(channel=PHONE, id=MAIN, cost=100, live=True, offer_for=offer_for, wrap_up=wrap_up)
    agents = [AgentSettings(id=AgentId(f"a{number}"), available=not shifts) for number in range(people)]
    target = TargetSettings(target="first_response", within=within)
    return DeskSettings(
        version=1,
        agents=tuple(agents),
        inboxes=(phone, InboxSettings(channel=EMAIL, id=MAIN)),
        policies=(PolicySettings(id="standard", version=1, calendar="always", targets=(target,)),),
        shifts=shifts,
    )


def call(minute: float, takes: float, patience: float = 600) -> Arrival:
    return Arrival(START + minute * MINUTE, PHONE, MAIN, takes * MINUTE, patience * MINUTE)


def mail(minute: float, takes: float) -> Arrival:
    return Arrival(START + minute * MINUTE, EMAIL, MAIN, takes * MINUTE)


def played(settings: DeskSettings, *arrivals: Arrival, absences: tuple[Absence, ...] = ()) -> Played:
    return play(Day(settings=settings, start=START, end=START + 12 * HOUR, arrivals=arrivals, absences=absences))


def done(found: Played) -> list[float]:
    """When each was finished, in minutes."""
    return [(visit.done - START) / MINUTE for visit in found.visits if visit.done is not None]


def test_a_call_interrupts_a_letter_which_goes_on_afterwards() -> None:
    found = played(desk(), mail(0, 10), call(5, 20))
    assert done(found) == [30, 25]


def test_letters_are_written_one_after_another() -> None:
    assert done(played(desk(), mail(0, 10), mail(0, 10), mail(1, 5))) == [10, 20, 25]


def test_whoever_runs_out_of_patience_leaves_and_is_called_back() -> None:
    found = played(desk(), call(0, 30), call(1, 30, patience=4))
    first, second = found.visits
    assert first.done == START + 30 * MINUTE
    assert (second.left, second.wait) == (START + 5 * MINUTE, None)
    assert second.done == START + 33 * MINUTE


def test_wrapping_up_keeps_an_agent_from_the_next_call() -> None:
    found = played(desk(wrap_up=2 * MINUTE), call(0, 10), call(1, 10))
    assert found.visits[1].answered == START + 12 * MINUTE
    assert done(found) == [12, 24]


def test_an_offer_is_accepted_after_a_moment() -> None:
    found = played(desk(offer_for=timedelta(seconds=20)), call(0, 10))
    assert found.visits[0].wait == timedelta(seconds=4)


def test_an_agent_who_is_away_takes_nothing_and_their_letter_rests() -> None:
    lunch = Absence(AgentId("a0"), START + 5 * MINUTE, START + 65 * MINUTE)
    found = played(desk(), mail(0, 10), call(20, 10), absences=(lunch,))
    assert found.visits[1].answered == START + 65 * MINUTE
    assert done(found) == [80, 75]
    assert found.efforts[AgentId("a0")].busy == 20 * MINUTE


ONE_DAY = ShiftSettings(
    id="day", zone="UTC", days=(0,), begins=time(9), ends=time(17), weeks=((AgentId("a0"),),), since=date(2026, 3, 2),
    available=True,
)  # fmt: skip


def at(hour: float) -> datetime:
    return START + (hour - 8) * HOUR


@pytest.mark.parametrize(
    "away,there",
    [
        ([(8, 20)], 0),
        ([(12, 13)], 7),
        ([(8, 10)], 7),
        ([(16, 19)], 7),
        ([(8, 8.5)], 8),
        ([(17, 19)], 8),
        ([(10, 12), (11, 13)], 5),
        ([(15, 18), (16, 19)], 6),
    ],
)
def test_an_absence_takes_from_a_shift_and_never_adds_to_it(away: list[tuple[float, float]], there: float) -> None:
    absences = tuple(Absence(AgentId("a0"), at(begins), at(ends)) for begins, ends in away)
    found = played(desk(shifts=(ONE_DAY,)), absences=absences)
    assert found.efforts[AgentId("a0")].present == there * HOUR


def test_who_is_in_no_shift_is_there_after_an_absence_only_if_they_were_before() -> None:
    absences = tuple(
        Absence(AgentId(agent), at(begins), at(begins + 2)) for agent in ("a0", "a1") for begins in (10, 11)
    )
    by_word = msgspec.structs.replace(
        desk(), agents=(AgentSettings(id=AgentId("a0"), available=True), AgentSettings(id=AgentId("a1")))
    )
    found = played(by_word, absences=absences)
    assert [found.efforts[AgentId(agent)].present / HOUR for agent in ("a0", "a1")] == [9, 0]


def test_a_rota_decides_who_is_there() -> None:
    shift = ShiftSettings(
        id="late", zone="UTC", days=(0,), begins=time(10), ends=time(12), weeks=((AgentId("a0"),),),
        since=date(2026, 3, 2), available=True,
    )  # fmt: skip
    found = played(desk(shifts=(shift,)), call(0, 10))
    assert found.visits[0].answered == START + 2 * HOUR
    assert found.visits[0].breached
    assert found.efforts[AgentId("a0")].present == 2 * HOUR
    assert found.efforts[AgentId("a0")].busy == 10 * MINUTE


def test_whoever_nobody_ever_serves_is_counted_and_the_day_ends_all_the_same() -> None:
    settings = msgspec.structs.replace(desk(), agents=())
    found = played(settings, call(0, 10), call(1, 1, patience=1), mail(3, 1))
    assert [(visit.answered, visit.done) for visit in found.visits] == [(None, None)] * 3
    assert found.visits[1].left == START + 2 * MINUTE


def test_customers_are_the_same_whatever_desk_they_come_to() -> None:
    scenario = scenario_of("day", DAY)
    one, two = (draw(scenario, desk(people), 7, Path()) for people in (1, 2))
    assert one.arrivals == two.arrivals
    assert one.arrivals != draw(scenario, desk(), 8, Path()).arrivals


def test_as_many_come_as_were_said_hour_by_hour() -> None:
    scenario = scenario_of("day", DAY)
    days = [draw(scenario, desk(), seed, Path()) for seed in range(60)]
    for number, coming in enumerate(scenario.arrivals[:2]):
        for hour, wanted in enumerate(coming.per_hour):
            came = sum(
                arrival.channel == coming.channel and arrival.at.astimezone(scenario.place).hour == hour
                for day in days
                for arrival in day.arrivals
            )
            assert came / 60 == pytest.approx(wanted, abs=4.5 * (wanted / 60) ** 0.5 + 1e-9), (number, hour)


def test_handling_times_have_the_mean_and_spread_that_were_said() -> None:
    scenario = scenario_of("day", DAY)
    takes = [
        arrival.takes / MINUTE
        for seed in range(60)
        for arrival in draw(scenario, desk(), seed, Path()).arrivals
        if arrival.channel == PHONE
    ]
    mean = sum(takes) / len(takes)
    assert mean == pytest.approx(5, rel=0.05)
    assert (sum((time - mean) ** 2 for time in takes) / len(takes)) ** 0.5 / mean == pytest.approx(0.7, rel=0.15)


@pytest.mark.parametrize("day,hours", [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_clocks_make_it(day: str, hours: int) -> None:
    scenario = scenario_of("day", DAY.replace("2026-11-23", day))
    assert scenario.end - scenario.start == hours * HOUR
    arrivals = draw(scenario, desk(), 1, Path()).arrivals
    assert all(scenario.start <= arrival.at < scenario.end for arrival in arrivals)


def test_figures_count_everybody_once() -> None:
    found = played(desk(), call(0, 30), call(1, 30, patience=4), call(31, 5), mail(2, 5))
    shown = figures("desk", [found], days=1, level=MINUTE, place=ZoneInfo("UTC"))
    mails, calls = shown.inboxes
    assert (calls.name, calls.came, calls.served, calls.left, calls.live) == ("phone main", 3, 2, 1, True)
    # The second left; to call them back was interrupted for the third.
    assert calls.level == pytest.approx(2 / 3)
    assert (mails.came, mails.served, mails.live) == (1, 1, False)
    assert sum(hour.came for hour in shown.hours) == 3
    assert [hour.people for hour in shown.hours[7:21]] == [0, *[1] * 12, 0]
    assert shown.hours[8].waiting == pytest.approx(4 / 60)


def test_percentiles_are_waits_that_somebody_had() -> None:
    waits = [minute * MINUTE for minute in range(1, 11)]
    assert [percentile(waits, part) / MINUTE for part in (0.5, 0.9, 0.99)] == [5, 9, 10]
    assert percentile([], 0.9) == timedelta(0)


def test_a_picture_is_well_formed_and_says_its_title_whatever_it_is() -> None:
    found = figures("one & <two>", [played(desk(), call(0, 3))], days=1, level=MINUTE, place=ZoneInfo("UTC"))
    for desks in ([found], [found, found]):
        drawn = ET.fromstring(picture(desks, title="What if <one> & more?", about="", level=MINUTE))
        words = [element.text for element in drawn.iter() if element.text]
        assert "What if <one> & more?" in words
        assert words.count("one & <two>") == (0 if len(desks) == 1 else 2)
        assert "a0" in words


def test_a_picture_of_nothing_can_be_drawn() -> None:
    nothing = figures("nothing", [Played()], days=1, level=MINUTE, place=ZoneInfo("UTC"))
    assert picture([nothing], title="Nothing", about="", level=MINUTE).endswith("</svg>\n")


def test_times_are_short_and_spoken() -> None:
    times = [timedelta(seconds=5), 3 * MINUTE, HOUR + 5 * MINUTE, timedelta(days=3, hours=4)]
    assert [short(each) for each in times] == ["5s", "3m00s", "1h05m", "3d04h"]
    assert [spoken(each) for each in (timedelta(seconds=90), MINUTE, 2 * HOUR)] == ["90 s", "1 min", "2 h"]


def test_a_scenario_says_when_it_is() -> None:
    scenario: Scenario = scenario_of("day", DAY)
    assert scenario.start == datetime(2026, 11, 22, 23, tzinfo=UTC)
