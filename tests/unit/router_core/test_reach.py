"""Who is told of what, by which way, and when: once, in bundles, not in quiet hours, and nothing that is over."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.ids import AgentId, ContactId, DeskId
from router.core.calendar_hours import OpeningHours
from router.core.desk_settings import CalendarSettings, HoursSettings
from router.core.news import ALARM, ASSIGNMENT, OFFER, News
from router.core.reach import Bundle, Kept, Reach, Wish

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVERY = timedelta(minutes=1)
ANN, BEN = AgentId("ann"), AgentId("ben")
NIGHTS = tuple(HoursSettings(weekday=day, opens=20 * 60, closes=31 * 60) for day in range(7))
"""From eight in the evening to seven in the morning."""


def quiet(zone: str = "UTC") -> OpeningHours:
    return OpeningHours(CalendarSettings(id="quiet", zone=zone, week=NIGHTS))


def news(number: int, about: str = OFFER, agent: AgentId = ANN, at: datetime = NOON) -> News:
    return News(id=f"1.{number}.0", about=about, agent=agent, contact=ContactId(f"c{number}"), at=at)


class Told:
    """A desk's reach on a clock moved by hand; `gone` is what nobody needs to know any more."""

    def __init__(self, wish: Wish, kept: Kept = Kept(), now: datetime = NOON) -> None:  # noqa: B008 - frozen
        self.wish = wish
        self.reach = Reach(DeskId("support"), EVERY, kept)
        self.now = now
        self.gone: set[str] = set()
        self.sent: list[Bundle] = []
        self._index = kept.index

    def hear(self, *some: News, index: int | None = None) -> None:
        self._index = self._index + 1 if index is None else index
        self.reach.hear(1, self._index, some, lambda _: self.wish)
        self.look()

    def look(self) -> list[tuple[str, ...]]:
        """The ids of what goes out now, in bundles."""
        self.reach.due(self.now, lambda _: self.wish, lambda each: each.id not in self.gone)
        fresh = list(self.reach.going)
        for bundle in fresh:
            self.reach.sent(bundle.id)
        self.sent += fresh
        return [tuple(each.id for each in bundle.news) for bundle in fresh]

    def wait(self, **passes: float) -> list[tuple[str, ...]]:
        self.now += timedelta(**passes)
        return self.look()

    def next_due(self) -> datetime | None:
        return self.reach.next_due(self.now, lambda _: self.wish)


def by_mail(**more: object) -> Wish:
    return Wish(ways=("mail",), about=(OFFER, ASSIGNMENT, ALARM), **more)  # type: ignore[arg-type]


def test_rule_2_11_the_first_news_goes_at_once_and_what_comes_within_a_minute_goes_together() -> None:
    told = Told(by_mail())
    told.hear(news(1))
    assert [[each.id for each in bundle.news] for bundle in told.sent] == [["1.1.0"]]
    told.hear(news(2))
    told.hear(news(3))
    assert len(told.sent) == 1
    assert told.next_due() == NOON + EVERY
    assert told.wait(seconds=59.999) == []
    assert told.wait(seconds=0.001) == [("1.2.0", "1.3.0")]
    assert told.next_due() is None
    told.wait(minutes=5)
    told.hear(news(4))
    assert [each.id for each in told.sent[-1].news] == ["1.4.0"]


def test_rule_2_11_each_way_and_each_agent_has_a_turn_of_its_own() -> None:
    told = Told(Wish(ways=("mail", "sms"), about=(OFFER,)))
    told.hear(news(1), news(2, agent=BEN))
    assert sorted((bundle.agent, bundle.way) for bundle in told.sent) == [
        ("ann", "mail"),
        ("ann", "sms"),
        ("ben", "mail"),
        ("ben", "sms"),
    ]
    assert len({bundle.id for bundle in told.sent}) == 4


def test_rule_2_11_what_is_over_when_its_turn_comes_is_told_to_nobody() -> None:
    told = Told(by_mail())
    told.hear(news(1))
    told.hear(news(2))
    told.hear(news(3))
    told.gone = {"1.2.0"}
    assert told.wait(minutes=1) == [("1.3.0",)]
    told.hear(news(4))
    told.gone.add("1.4.0")
    assert told.wait(minutes=1) == []
    assert told.next_due() is None


def test_rule_2_11_nobody_is_told_what_they_did_not_ask_for() -> None:
    told = Told(Wish(ways=("mail",), about=(ALARM,)))
    told.hear(news(1))
    assert told.sent == []
    assert told.next_due() is None
    told = Told(Wish(about=(OFFER,)))
    told.hear(news(1))
    assert told.sent == []


def test_rule_2_11_who_turns_a_way_off_meanwhile_is_not_told_by_it() -> None:
    told = Told(by_mail())
    told.hear(news(1))
    told.hear(news(2))
    told.wish = Wish(ways=("sms",), about=(OFFER,))
    assert told.wait(minutes=1) == []


def test_rule_2_11_quiet_hours_keep_the_news_until_they_end_and_then_tell_what_still_holds() -> None:
    told = Told(by_mail(quiet=quiet()), now=NOON.replace(hour=23))
    told.hear(news(1, ASSIGNMENT))
    told.hear(news(2, OFFER))
    assert told.sent == []
    assert told.next_due() == NOON.replace(hour=7) + timedelta(days=1)
    told.gone = {"1.2.0"}
    assert told.wait(hours=7, minutes=59) == []
    assert told.wait(minutes=1) == [("1.1.0",)]


def test_rule_2_11_an_alarm_comes_through_quiet_hours_if_they_say_so() -> None:
    midnight = NOON.replace(hour=0)
    for through, expected in ((False, []), (True, ["alarm"])):
        told = Told(by_mail(quiet=quiet(), alarm_when_quiet=through), now=midnight)
        told.hear(news(1, ASSIGNMENT), news(2, ALARM))
        assert [each.about for bundle in told.sent for each in bundle.news] == expected
        left = [("1.1.0",)] if through else [("1.1.0", "1.2.0")]
        assert told.wait(hours=7) == left


def test_rule_2_11_quiet_hours_go_by_the_clocks_of_the_agent_also_when_these_change() -> None:
    """In Berlin clocks go forward on 29 March 2026: the night before ends at five by UTC, the one before that at six."""
    wish = Wish(quiet=quiet("Europe/Berlin"))
    assert wish.quiet_until(datetime(2026, 3, 27, 23, tzinfo=UTC)) == datetime(2026, 3, 28, 6, tzinfo=UTC)
    assert wish.quiet_until(datetime(2026, 3, 28, 23, tzinfo=UTC)) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert wish.quiet_until(datetime(2026, 3, 29, 5, tzinfo=UTC)) is None
    assert wish.quiet_from(datetime(2026, 3, 29, 5, tzinfo=UTC)) == datetime(2026, 3, 29, 18, tzinfo=UTC)
    # They go back on 25 October: the hour that comes twice is quiet twice.
    assert wish.quiet_until(datetime(2026, 10, 24, 18, tzinfo=UTC)) == datetime(2026, 10, 25, 6, tzinfo=UTC)


def test_rule_2_11_who_is_quiet_all_week_is_never_told() -> None:
    always = tuple(HoursSettings(weekday=day) for day in range(7))
    told = Told(by_mail(quiet=OpeningHours(CalendarSettings(id="quiet", week=always))))
    told.hear(news(1, ASSIGNMENT))
    assert told.wait(days=20) == []
    due = told.next_due()
    assert due is not None
    assert due > told.now


def test_rule_2_11_a_commit_that_is_heard_again_tells_nobody_again() -> None:
    told = Told(by_mail())
    told.hear(news(1), index=1)
    told.hear(news(1), index=1)
    told.wait(minutes=2)
    told.hear(news(1), index=1)
    assert len(told.sent) == 1


def test_rule_2_11_a_crash_at_any_point_gives_the_same_notice_and_no_second_one() -> None:
    """What was decided to be sent is kept before it is sent: whoever takes over sends it under the same id."""
    told = Told(by_mail())
    told.reach.hear(1, 1, [news(1)], lambda _: told.wish)
    assert told.reach.due(NOON, lambda _: told.wish, lambda _: True)
    kept = told.reach.kept()
    assert len(kept.going) == 1
    after = Told(told.wish, kept)
    after.hear(news(1), index=1)
    assert [bundle.id for bundle in after.sent] == [kept.going[0].id]
    after.hear(news(2))
    assert len(after.sent) == 1, "who was told last is known after a crash, too"
    again = Told(told.wish, after.reach.kept(), after.now)
    assert again.wait(minutes=1) == [("1.2.0",)]


@given(st.lists(st.tuples(st.integers(0, 90), st.sampled_from([OFFER, ASSIGNMENT, ALARM])), max_size=40))
def test_rule_2_11_however_much_happens_each_is_told_once_and_nobody_more_often_than_every_minute(
    happens: list[tuple[int, str]],
) -> None:
    told = Told(by_mail())
    moments: list[datetime] = []
    for number, (seconds, about) in enumerate(happens):
        before = len(told.sent)
        told.wait(seconds=seconds)
        told.hear(news(number, about))
        moments += [told.now] * (len(told.sent) - before)
    before = len(told.sent)
    told.wait(minutes=1)
    moments += [told.now] * (len(told.sent) - before)
    every = [each.id for bundle in told.sent for each in bundle.news]
    assert sorted(every) == sorted(f"1.{number}.0" for number in range(len(happens)))
    assert all(later - earlier >= EVERY for earlier, later in pairwise(moments))


def test_rule_2_11_a_storm_leaves_the_latest() -> None:
    told = Told(by_mail())
    told.hear(news(0))
    told.hear(*(news(number) for number in range(1, 1000)))
    ((first, *_, last),) = told.wait(minutes=1)
    assert (first, last) == ("1.950.0", "1.999.0")


def test_rule_2_11_a_night_with_many_who_are_quiet_stays_small_enough_to_be_stored() -> None:
    told = Told(by_mail(quiet=quiet()), now=NOON.replace(hour=23))
    crowd = [AgentId(f"agent-{number}") for number in range(100)]
    told.hear(*(news(number, ASSIGNMENT, agent) for agent in crowd for number in range(60)))
    kept = told.reach.kept()
    assert sum(len(waiting) for _, _, waiting in kept.waiting) == 2000
    assert {agent for agent, _, _ in kept.waiting} == set(crowd), "nobody is forgotten for somebody louder"
    assert len(msgspec.json.encode(kept)) < 500_000


def test_rule_2_11_what_has_to_wait_is_not_looked_at_with_every_decision() -> None:
    wish = by_mail(quiet=quiet())
    reach = Reach(DeskId("support"), EVERY, Kept())
    midnight = NOON.replace(hour=0)
    reach.hear(1, 1, [news(number) for number in range(50)], lambda _: wish)
    looked: list[str] = []

    def stands(each: News) -> bool:
        looked.append(each.id)
        return True

    for _ in range(100):
        assert not reach.due(midnight, lambda _: wish, stands)
    assert looked == []
    assert reach.due(midnight.replace(hour=7), lambda _: wish, stands)
    assert len(looked) == 50
