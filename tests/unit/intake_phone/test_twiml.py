"""What callers and agents hear, and where it leads."""

from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, fromstring

import pytest

from frontline.contract.deskview import Range
from intake_phone import twiml

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STYLE = twiml.Style(
    language="en-US", greeting="Hello.", hold_music="", wait_seconds=20, voicemail_seconds=180, transcribe=True
)
LINKS = twiml.Links(
    after_queue="/after", wait="/wait?a=1&b=2", menu="/menu", at_door="/door", voicemail="/voicemail",
    recorded="/recorded", recording="/recording#rc=3", transcription="/transcription",
)  # fmt: skip


def said(document: str) -> str:
    return " ".join((verb.text or "") for verb in fromstring(document).iter("Say"))


def verb(document: str, name: str) -> Element:
    (found,) = fromstring(document).iter(name)
    return found


@pytest.mark.parametrize(
    "low,high,expected",
    [
        (10, 40, "less than a minute"),
        (10, 60, "about a minute"),
        (61, 120, "about 2 minutes"),
        (120, 240, "2 to 4 minutes"),
    ],
)
def test_a_wait_is_told_as_a_person_would(low: int, high: int, expected: str) -> None:
    wait = Range(low=timedelta(seconds=low), high=timedelta(seconds=high))
    assert said(twiml.enqueue(STYLE, LINKS, "CA1", wait)) == f"Hello. The wait is {expected}."


def test_a_wait_that_nobody_knows_is_not_told() -> None:
    assert said(twiml.enqueue(STYLE, LINKS, "CA1", None)) == "Hello."


def test_the_queue_leads_somewhere_whatever_happens() -> None:
    queue = verb(twiml.enqueue(STYLE, LINKS, "CA1", None), "Enqueue")
    assert (queue.text, queue.get("action"), queue.get("waitUrl")) == ("CA1", "/after", "/wait?a=1&b=2")


@pytest.mark.parametrize(
    "opens,expected",
    [
        (None, ""),
        (timedelta(minutes=30), "We are back in 30 minutes."),
        (timedelta(hours=19, minutes=5), "We are back in about 20 hours."),
        (timedelta(days=3), "We are back in 3 days."),
        (timedelta(minutes=-5), ""),
    ],
)
def test_who_calls_when_nobody_is_there_hears_when_somebody_will_be(opens: timedelta | None, expected: str) -> None:
    document = twiml.nobody_on(STYLE, LINKS, NOON + opens if opens else None, NOON)
    assert said(document).startswith("Hello. Nobody is here to take your call right now.")
    assert (expected or "We are back") in said(document) or not expected
    assert verb(document, "Record").get("recordingStatusCallback") == "/recording#rc=3"


def test_music_is_played_where_there_is_some() -> None:
    style = twiml.Style(**{**{name: getattr(STYLE, name) for name in STYLE.__struct_fields__}, "hold_music": "/m.mp3"})
    assert verb(twiml.wait(style, LINKS, 0, None), "Play").text == "/m.mp3"
    assert verb(twiml.wait(STYLE, LINKS, 0, None), "Pause").get("length") == "20"


def test_an_agent_waits_for_nobody_in_an_empty_queue() -> None:
    assert verb(twiml.connect(STYLE, "CA1", "/done", "/answered"), "Dial").get("timeout") == "5"
