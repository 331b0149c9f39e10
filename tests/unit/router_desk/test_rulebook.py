"""Which routing rules hold for a message: by channel, inbox, customer, language, words, and time."""

from datetime import UTC, datetime, timedelta

import pytest

from frontline.configuration.rule import Rule
from frontline.contract.ids import ChannelName, InboxId
from frontline.contract.message import Identity, InboundMessage, Times, idempotency_key, message_id
from router.core.calendar import Calendar, calendars
from router.core.desk_settings import CalendarSettings, DeskSettings, HoursSettings
from router.desk.rulebook import Rulebook

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFICE = DeskSettings(
    version=1,
    calendars=(
        CalendarSettings(
            id="office", week=tuple(HoursSettings(weekday=day, opens=540, closes=1020) for day in range(5))
        ),
    ),
)
CALENDARS: dict[str, Calendar] = calendars(OFFICE)


def message(
    text: str = "Hello", *, subject: str = "", sender: str = "ann@one.example", language: str = ""
) -> InboundMessage:
    key = idempotency_key(account="a", native_id="1", kind="message")
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=ChannelName("email"),
        inbox=InboxId("support"),
        native_id="1",
        sender=Identity(channel=ChannelName("email"), address=sender),
        times=Times(received=NOON),
        subject=subject,
        text=text,
        language=language,
    )


def holds(rule: Rule, of: InboundMessage, at: datetime = NOON) -> bool:
    return Rulebook([rule], CALENDARS).holding(of, at) == (rule.id,)


@pytest.mark.parametrize(
    "text,found",
    [
        ("We have an outage!", True),
        ("OUTAGE since noon", True),
        ("no outages here", False),
        ("everything is down", True),
        ("a countdown", False),
        ("the système is en panne", True),
    ],
)
def test_words_are_found_as_whole_words_in_any_case(text: str, found: bool) -> None:
    assert holds(Rule(id="r", words=("outage", "down", "en panne"), lane="vip"), message(text)) == found


def test_words_are_looked_for_in_the_subject_too_and_in_what_was_written_rather_than_quoted() -> None:
    rule = Rule(id="r", words=("outage",), lane="vip")
    assert holds(rule, message(subject="Outage"))
    quoted = message("thanks\n> the outage")
    assert holds(rule, quoted)
    assert not holds(
        rule,
        InboundMessage(**{name: getattr(quoted, name) for name in quoted.__struct_fields__} | {"reply_text": "thanks"}),
    )


def test_a_word_inside_another_rules_words_is_found_by_itself_too() -> None:
    rules = [Rule(id="long", words=("data loss",), lane="vip"), Rule(id="short", words=("data",), lane="low")]
    assert Rulebook(rules, {}).holding(message("we fear data loss"), NOON) == ("long", "short")


def test_customers_are_addresses_or_whole_domains() -> None:
    rule = Rule(id="r", customers=("@big.example", "bob@small.example"), lane="vip")
    assert holds(rule, message(sender="anybody@BIG.example"))
    assert holds(rule, message(sender="bob@small.example"))
    assert not holds(rule, message(sender="ann@small.example"))
    assert not holds(rule, message(sender="x@notbig.example"))


def test_a_language_holds_for_its_regions() -> None:
    rule = Rule(id="r", languages=("pt",), skills=("portuguese",))
    assert holds(rule, message(language="pt-BR"))
    assert not holds(rule, message(language="pl"))
    assert not holds(rule, message())


def test_a_rule_may_hold_while_the_calendar_is_open_or_while_it_is_closed() -> None:
    night = Rule(id="r", calendar="office", open=False, lane="low")
    assert not holds(night, message())
    assert holds(night, message(), NOON + timedelta(hours=8))


def test_everything_that_a_rule_asks_has_to_be_true_and_rules_hold_in_their_order() -> None:
    both = Rule(id="both", channel=ChannelName("email"), words=("outage",), lane="vip")
    rules = [both, Rule(id="mail", channel=ChannelName("email"), lane="low")]
    assert Rulebook(rules, {}).holding(message("outage"), NOON) == ("both", "mail")
    assert Rulebook(rules, {}).holding(message("hello"), NOON) == ("mail",)
