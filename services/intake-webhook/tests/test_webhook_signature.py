"""Who may send: signatures, their age, and secrets that are being replaced."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from frontline.contract.error import Reason, Rejected, SettingsError
from frontline.contract.ids import InboxId
from frontline.contract.secret import Secret
from intake_webhook.settings import WebhookSettings
from intake_webhook.signature import ID, SIGNATURE, TIMESTAMP, checked, key_of, signed

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD, NEW = b"a secret for tests only, old", b"a secret for tests only, new"
FIVE_MINUTES = timedelta(minutes=5)


def check(headers: dict[str, str], body: bytes = b"{}", *keys: bytes, now: datetime = NOW) -> str:
    return checked(keys or (NEW,), headers, body, now=now, tolerance=FIVE_MINUTES)


def test_the_published_example_of_the_scheme_is_right() -> None:
    """Of the reference implementation of Standard Webhooks."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signed([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')
    assert headers[SIGNATURE] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_taken_under_its_own_id() -> None:
    assert check(signed([NEW], "n1", NOW, b"{}")) == "n1"


@pytest.mark.parametrize("header", [ID, TIMESTAMP, SIGNATURE])
def test_a_header_that_is_missing_or_changed_is_refused(header: str) -> None:
    headers = signed([NEW], "n1", NOW, b"{}")
    for changed in ({**headers, header: ""}, {**headers, header: headers[header] + "1"}, {**headers, header: "v1,é"}):
        with pytest.raises(Rejected) as refused:
            check(changed)
        assert refused.value.reason is Reason.UNAUTHORISED


def test_another_body_is_refused() -> None:
    with pytest.raises(Rejected, match="signature"):
        check(signed([NEW], "n1", NOW, b"{}"), b"[]")


@pytest.mark.parametrize("off", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_a_replay_outside_of_the_window_is_refused(off: timedelta) -> None:
    headers = signed([NEW], "n1", NOW, b"{}")
    assert check(headers, now=NOW + off / 2) == "n1"
    with pytest.raises(Rejected, match="time stamp"):
        check(headers, now=NOW + off)


def test_while_a_secret_is_replaced_both_are_good_on_either_side() -> None:
    assert check(signed([OLD], "n1", NOW, b"{}"), b"{}", NEW, OLD) == "n1"
    assert check(signed([OLD, NEW], "n1", NOW, b"{}"), b"{}", NEW) == "n1"
    with pytest.raises(Rejected, match="signature"):
        check(signed([OLD], "n1", NOW, b"{}"), b"{}", NEW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", base64.b64encode(OLD).decode(), "whsec_no base64"])
def test_what_is_no_secret_stops_the_start(secret: str) -> None:
    with pytest.raises(SettingsError, match="webhook_secrets"):
        WebhookSettings(webhook_secrets=(Secret(secret),))


@pytest.mark.parametrize("target", ["support", "support=", "support=ftp://far.example", "Sup port=https://far.example"])
def test_a_target_that_is_none_stops_the_start(target: str) -> None:
    with pytest.raises(SettingsError, match="webhook_replies"):
        WebhookSettings(webhook_secrets=(SECRET,), webhook_replies=(target,))


def test_each_inbox_has_its_own_target() -> None:
    replies = ("support=https://far.example/a=b", "sales=http://127.0.0.1:1/x")
    settings = WebhookSettings(webhook_secrets=(SECRET,), webhook_replies=replies)
    assert settings.targets == {
        InboxId("support"): "https://far.example/a=b",
        InboxId("sales"): "http://127.0.0.1:1/x",
    }


SECRET = Secret("whsec_" + base64.b64encode(NEW).decode())
