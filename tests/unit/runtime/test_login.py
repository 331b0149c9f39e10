"""Who a process is to NATS."""

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.login import Login
from frontline.runtime.settings import RuntimeSettings, load_settings

USER = {"FRONTLINE_NATS_USER": "router", "FRONTLINE_NATS_PASSWORD": "known-to-this-test"}


def test_a_user_is_answered_below_its_own_name() -> None:
    login = load_settings(RuntimeSettings, USER).nats_login
    assert dict(login.client()) == {"user": "router", "password": "known-to-this-test", "inbox_prefix": "_INBOX_router"}


def test_a_token_and_nobody_are_answered_where_everybody_is() -> None:
    assert dict(Login("t").client()) == {"token": "t"}
    assert dict(Login().broker()) == {"token": None}
    assert Login().inbox == "_INBOX"


def test_neither_token_nor_password_is_shown() -> None:
    assert "hidden" not in repr(Login("hidden", "router", "hidden"))


@pytest.mark.parametrize(
    "environ,where",
    [
        ({"FRONTLINE_NATS_USER": "router"}, "FRONTLINE_NATS_PASSWORD"),
        ({"FRONTLINE_NATS_PASSWORD": "p"}, "FRONTLINE_NATS_USER"),
        ({**USER, "FRONTLINE_NATS_TOKEN": "t"}, "FRONTLINE_NATS_TOKEN"),
    ],
)
def test_half_a_login_and_two_logins_are_mistakes(environ: dict[str, str], where: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(RuntimeSettings, environ)
    assert [mistake.where for mistake in caught.value.mistakes] == [where]
