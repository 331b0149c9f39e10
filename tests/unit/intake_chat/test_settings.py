"""Every setting has a default; every mistake is told; secrets are not shown."""

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.settings import load_settings
from intake_chat.settings import ChatSettings

SECRET = "long enough to be a secret of HS256"


def mistakes(**environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as told:
        load_settings(ChatSettings, {f"FRONTLINE_{name.upper()}": value for name, value in environ.items()})
    return {mistake.where: mistake.what for mistake in told.value.mistakes}


def test_nothing_has_to_be_set() -> None:
    settings = load_settings(ChatSettings, {})
    assert (settings.chat_host, settings.chat_port, settings.chat_origins) == ("127.0.0.1", 8081, ())
    assert settings.identity_secrets == {}


def test_settings_come_from_the_environment_and_secrets_are_not_in_their_repr() -> None:
    environ = {
        "FRONTLINE_CHAT_PORT": "0",
        "FRONTLINE_CHAT_ORIGINS": "https://shop.example, https://*.shop.example",
        "FRONTLINE_CHAT_IDENTITY_SECRETS": f"support={SECRET}=,sales={SECRET}",
    }
    settings = load_settings(ChatSettings, environ)
    assert settings.chat_origins == ("https://shop.example", "https://*.shop.example")
    assert settings.identity_secrets == {"support": f"{SECRET}=", "sales": SECRET}
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    "name,value",
    [
        ("chat_port", "70000"),
        ("chat_grace", "0"),
        ("chat_max_file", "-1"),
        ("chat_origins", "shop.example"),
        ("chat_origins", "https://shop.example/path"),
        ("chat_identity_secrets", "support"),
        ("chat_identity_secrets", "support=too short"),
    ],
)
def test_a_wrong_value_is_told_by_its_name(name: str, value: str) -> None:
    assert list(mistakes(**{name: value})) == [f"FRONTLINE_{name.upper()}"]


def test_any_page_at_all_is_for_development_only() -> None:
    assert list(mistakes(chat_origins="*", env="production")) == ["FRONTLINE_CHAT_ORIGINS"]
    assert load_settings(ChatSettings, {"FRONTLINE_CHAT_ORIGINS": "*"}).chat_origins == ("*",)
