"""Every setting has a default; every mistake is told, and the local mailbox stays out of production."""

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.settings import load_settings
from intake_email.receiving_settings import MIB
from intake_email.settings import EmailSettings


def mistakes(**environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as told:
        load_settings(EmailSettings, {f"FRONTLINE_{name.upper()}": value for name, value in environ.items()})
    return {mistake.where: mistake.what for mistake in told.value.mistakes}


def test_nothing_has_to_be_set() -> None:
    settings = load_settings(EmailSettings, {})
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_max_size) == ("127.0.0.1", 2525, 25 * MIB)
    assert settings.relay is None
    assert settings.mailbox.as_posix() == ".frontline/mailbox"


def test_settings_come_from_the_environment() -> None:
    settings = load_settings(
        EmailSettings,
        {
            "FRONTLINE_SMTP_PORT": "0",
            "FRONTLINE_SMTP_RELAY": "[::1]:25",
            "FRONTLINE_DATA_DIR": "elsewhere",
            "FRONTLINE_SMTP_MAX_SIZE": "1000",
        },
    )
    assert (settings.smtp_port, settings.relay, settings.smtp_max_size) == (0, ("::1", 25), 1000)
    assert settings.mailbox.as_posix() == "elsewhere/mailbox"


def test_the_local_mailbox_refuses_production() -> None:
    assert list(mistakes(env="production")) == ["FRONTLINE_SMTP_RELAY"]
    assert load_settings(
        EmailSettings, {"FRONTLINE_ENV": "production", "FRONTLINE_SMTP_RELAY": "relay.example:25"}
    ).relay


def test_all_mistakes_are_told_at_once() -> None:
    told = mistakes(smtp_port="99999", smtp_relay="relay.example", smtp_max_sessions="0", smtp_max_in_hand="5")
    assert set(told) == {
        "FRONTLINE_SMTP_PORT",
        "FRONTLINE_SMTP_RELAY",
        "FRONTLINE_SMTP_MAX_SESSIONS",
        "FRONTLINE_SMTP_MAX_IN_HAND",
    }


@pytest.mark.parametrize(
    "relay", ["relay.example", ":25", "relay.example:", "relay.example:x", "relay.example:0", "relay.example:70000"]
)
def test_a_relay_is_a_host_and_a_port(relay: str) -> None:
    assert mistakes(smtp_relay=relay) == {"FRONTLINE_SMTP_RELAY": "must be host:port"}


def test_what_is_set_for_tls_and_proxies_is_looked_at_when_it_is_read() -> None:
    told = mistakes(smtp_tls_required="true", smtp_proxy_networks="10.0.0.0/8,nowhere", lmtp_port="70000")
    assert set(told) == {"FRONTLINE_SMTP_TLS_CERTIFICATE", "FRONTLINE_SMTP_PROXY_NETWORKS", "FRONTLINE_LMTP_PORT"}
    settings = load_settings(EmailSettings, {"FRONTLINE_SMTP_PROXY_NETWORKS": "10.0.0.0/8, 2001:db8::/32"})
    assert [str(network) for network in settings.proxy_networks] == ["10.0.0.0/8", "2001:db8::/32"]


def test_a_shared_port_is_a_known_one() -> None:
    assert set(mistakes(smtp_share_port="true", smtp_port="0")) == {"FRONTLINE_SMTP_SHARE_PORT"}


def test_mail_out_and_checks_tell_their_mistakes_too() -> None:
    told = mistakes(
        smtp_relay_user="desk",
        smtp_relay_ca="/nowhere",
        dkim_keys="/nowhere",
        email_token_secrets="short",
        email_automatic_per_day="0",
        email_authenticity="trusted",
        email_authenticity_budget="0",
        email_dns_servers="127.0.0.1",
        email_clamd="nowhere",
        email_spamd="nowhere",
        email_rspamd="nowhere",
    )
    assert set(told) == {
        "FRONTLINE_SMTP_RELAY_PASSWORD",
        "FRONTLINE_SMTP_RELAY_CA",
        "FRONTLINE_DKIM_KEYS",
        "FRONTLINE_EMAIL_TOKEN_SECRETS",
        "FRONTLINE_EMAIL_AUTOMATIC_PER_DAY",
        "FRONTLINE_EMAIL_TRUSTED_SERVERS",
        "FRONTLINE_EMAIL_AUTHENTICITY_BUDGET",
        "FRONTLINE_EMAIL_DNS_SERVERS",
        "FRONTLINE_EMAIL_CLAMD",
        "FRONTLINE_EMAIL_SPAMD",
        "FRONTLINE_EMAIL_RSPAMD",
    }


def test_no_secret_is_seen_in_the_settings() -> None:
    environ = {
        "FRONTLINE_SMTP_RELAY_USER": "desk",
        "FRONTLINE_SMTP_RELAY_PASSWORD": "a password",
        "FRONTLINE_EMAIL_TOKEN_SECRETS": "a new secret of ours,an old secret of ours",
    }
    settings = load_settings(EmailSettings, environ)
    assert settings.email_token_secrets == ("a new secret of ours", "an old secret of ours")
    assert not any(secret in repr(settings) for secret in ("a password", "secret of ours"))


def test_senders_are_looked_at_in_production_unless_the_operator_says_otherwise() -> None:
    production = {"FRONTLINE_ENV": "production", "FRONTLINE_SMTP_RELAY": "relay.example:25"}
    for environ, mode in (
        ({}, "off"),
        (production, "own"),
        ({**production, "FRONTLINE_EMAIL_AUTHENTICITY": "off"}, "off"),
        ({"FRONTLINE_EMAIL_AUTHENTICITY": "own"}, "own"),
    ):
        settings = load_settings(EmailSettings, environ)
        assert settings.authenticity(settings.env) == mode
