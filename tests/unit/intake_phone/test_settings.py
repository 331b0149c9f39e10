"""What an operator may set, and what they are told."""

from typing import Any

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.settings import load_settings
from intake_phone.settings import PhoneSettings

GOOD = {
    "FRONTLINE_ENV": "production",
    "FRONTLINE_TWILIO_ACCOUNT_SID": "AC1",
    "FRONTLINE_TWILIO_AUTH_TOKENS": "the new token, the old token",
    "FRONTLINE_PHONE_PUBLIC_URL": "https://phone.frontline.example",
}


def test_in_development_nothing_has_to_be_set() -> None:
    assert load_settings(PhoneSettings, {}).simulated


def test_tokens_are_told_with_commas_and_are_seen_nowhere() -> None:
    settings = load_settings(PhoneSettings, GOOD)
    assert settings.twilio_auth_tokens == ("the new token", "the old token")
    assert "token" not in repr(settings.twilio_auth_tokens).lower().replace("token(...)", "")
    assert "the new" not in repr(settings)


@pytest.mark.parametrize(
    "changed,where",
    [
        ({"FRONTLINE_TWILIO_ACCOUNT_SID": ""}, "FRONTLINE_TWILIO_ACCOUNT_SID"),
        ({"FRONTLINE_TWILIO_AUTH_TOKENS": ""}, "FRONTLINE_TWILIO_AUTH_TOKENS"),
        ({"FRONTLINE_PHONE_PUBLIC_URL": ""}, "FRONTLINE_PHONE_PUBLIC_URL"),
        ({"FRONTLINE_PHONE_PUBLIC_URL": "http://phone.frontline.example"}, "FRONTLINE_PHONE_PUBLIC_URL"),
        ({"FRONTLINE_PHONE_PUBLIC_URL": "https://"}, "FRONTLINE_PHONE_PUBLIC_URL"),
        ({"FRONTLINE_PHONE_PUBLIC_URL": "https://a.example:x"}, "FRONTLINE_PHONE_PUBLIC_URL"),
        ({"FRONTLINE_TWILIO_API": "ftp://api.example"}, "FRONTLINE_TWILIO_API"),
        ({"FRONTLINE_TWILIO_API_KEY": "SK1"}, "FRONTLINE_TWILIO_API_SECRET"),
        ({"FRONTLINE_PHONE_PORT": "70000"}, "FRONTLINE_PHONE_PORT"),
        ({"FRONTLINE_PHONE_REGION": "Utopia"}, "FRONTLINE_PHONE_REGION"),
        ({"FRONTLINE_PHONE_TRUSTED_PROXIES": "10.0.0.0/8,proxy"}, "FRONTLINE_PHONE_TRUSTED_PROXIES"),
        ({"FRONTLINE_PHONE_RING_SECONDS": "0"}, "FRONTLINE_PHONE_RING_SECONDS"),
        ({"FRONTLINE_PHONE_MEDIA_PAUSES": "1,0"}, "FRONTLINE_PHONE_MEDIA_PAUSES"),
    ],
)
def test_a_mistake_is_told_with_its_place(changed: dict[str, Any], where: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(PhoneSettings, GOOD | changed)
    assert where in {mistake.where for mistake in raised.value.mistakes}
