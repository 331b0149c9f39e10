"""What Twilio's parameters become, whatever is in them."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.codec import decode_inbound, encode
from frontline.contract.error import Rejected
from frontline.contract.ids import ContactId, InboxId, MessageId
from frontline.contract.message import Automation, DeliveryState, MessageKind
from intake_phone import happened, normalize
from intake_phone.happened import Outcome

NOON = datetime(2026, 5, 4, 12, 0, 0, 500_999, tzinfo=UTC)
SUPPORT = InboxId("support")
CALL = "CA" + "1" * 32
TEXT = "SM" + "1" * 32
words = st.text(st.characters(codec="utf-8"), max_size=60)


def party(**form: str) -> normalize.Party:
    return normalize.party({"CallSid": CALL, "From": "+12025550199", **form}, SUPPORT, "US")


def text(**form: str) -> Any:
    given_ = {"MessageSid": TEXT, "From": "+12025550199", "To": "+12025550123", "Body": "Hello", **form}
    return normalize.text_message(given_, SUPPORT, "US", NOON, original=None, files=())


def test_everything_of_a_call_has_an_id_of_its_own_and_one_key() -> None:
    of_call = [
        happened.began(party(), {}, NOON),
        happened.ended(party(), Outcome(outcome="missed", seconds=61), NOON),
        normalize.voicemail(party(), "RE" + "1" * 32, 7, None, NOON),
        normalize.transcription(party(), {"RecordingSid": "RE" + "1" * 32, "TranscriptionText": "Hi"}, NOON),
    ]
    assert all(each is not None for each in of_call)
    assert len({each.id for each in of_call if each}) == 4
    assert all(each.thread[0] == normalize.call_key(CALL) for each in of_call if each)
    assert [each.automation for each in of_call if each] == [
        Automation.NO,
        Automation.AUTO_REPLIED,
        Automation.NO,
        Automation.AUTO_REPLIED,
    ]
    assert of_call[1] is not None
    assert of_call[1].text == "Missed call: the caller hung up after 1 minute 1 second."


def test_a_call_binds_its_number_for_texts_and_finds_no_older_contact() -> None:
    (_, number) = happened.began(party(), {}, NOON).thread
    (of_text,) = text().thread
    assert (number.kind, number.value) == (of_text.kind, of_text.value)
    assert (number.finds, number.binds) == (False, True)
    assert (of_text.finds, of_text.binds) == (True, True)


def test_the_same_number_in_another_inbox_is_another_conversation() -> None:
    form = {"MessageSid": TEXT, "From": "+12025550199"}
    other = normalize.text_message(form, InboxId("sales"), "US", NOON, original=None, files=())
    assert other.id != text().id
    assert other.thread != text().thread


def test_a_name_of_the_directory_is_not_shouted_and_evidence_is_kept() -> None:
    caller = party(CallerName="CUSTOMER ONE", StirVerstat="TN-Validation-Passed-A").caller
    assert caller.name == "Customer One"
    assert [(each.method, each.result) for each in caller.evidence] == [("stir", "TN-Validation-Passed-A")]


def test_a_place_that_is_sent_by_whatsapp_is_words_too() -> None:
    found = text(Body="", Latitude="52.5", Longitude="13.4", Label="Our shop")
    assert found.text == "Location: 52.5, 13.4 (Our shop)"


@pytest.mark.parametrize("count", ["", "x", "-1", "99999999999", "2"])
def test_files_are_counted_within_bounds(count: str) -> None:
    form = {"NumMedia": count, "MediaUrl0": "https://a.example/0", "MediaContentType0": "image/png"}
    assert len(normalize.media(form)) <= 1


@pytest.mark.parametrize("sid", ["", "x", "../../etc", "CA" + "1" * 31, CALL + "\n", "ca" + "1" * 32])
def test_what_is_no_sid_is_refused(sid: str) -> None:
    with pytest.raises(Rejected):
        normalize.sid({"CallSid": sid}, "CallSid")


@pytest.mark.parametrize(
    "status,state",
    [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("failed", "failed"), ("undelivered", "failed")],
)
def test_a_status_is_a_receipt_and_always_the_same_one(status: str, state: str) -> None:
    about: Any = {"reply": MessageId("r1"), "contact": ContactId("c1"), "inbox": SUPPORT, "received": NOON}
    first = normalize.receipt({"MessageStatus": status}, **about)
    again = normalize.receipt({"MessageStatus": status, "RawDlrDoneDate": "2605041200"}, **about)
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert first.state == DeliveryState(state)


def test_a_recording_without_words_is_no_transcription() -> None:
    form = {"RecordingSid": "RE" + "1" * 32, "TranscriptionStatus": "failed", "TranscriptionText": "x"}
    assert normalize.transcription(party(), form, NOON) is None
    assert normalize.transcription(party(), {"RecordingSid": "RE" + "1" * 32}, NOON) is None


@given(st.dictionaries(st.sampled_from(["From", "Body", "ProfileName", "CallerName", "Label", "NumMedia"]), words))
def test_whatever_a_text_says_it_survives_as_bytes(form: dict[str, str]) -> None:
    found = text(**form)
    assert decode_inbound(encode(found)) == found
    assert found.times.received == NOON.replace(microsecond=500_000)
    assert found.kind is MessageKind.MESSAGE


@given(st.dictionaries(st.sampled_from(["From", "CallerName", "StirVerstat", "Direction", "CallerCountry"]), words))
def test_whatever_a_call_says_it_survives_as_bytes(form: dict[str, str]) -> None:
    found = happened.began(party(**form), form, NOON)
    assert decode_inbound(msgspec.json.encode(found)) == found
