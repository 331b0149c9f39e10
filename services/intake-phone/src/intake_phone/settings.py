"""What an operator may set for phone. Each field is `FRONTLINE_<FIELD>` in the environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal
from urllib.parse import urlsplit

import msgspec
import phonenumbers

from frontline.contract.error import Mistake, SettingsError
from frontline.contract.secret import Secret

KIB = 1 << 10
MIB = 1 << 20


class PhoneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything has a default in development. Durations are in seconds, sizes in bytes."""

    env: Literal["development", "production"] = "development"
    """In production there has to be a Twilio account and a public URL."""

    phone_host: str = "127.0.0.1"
    phone_port: int = 8082
    """0 is a free port, which the host is told."""
    phone_public_url: str = ""
    """How Twilio reaches us, as `https://phone.shop.example`: what it signs and calls back. Unset, for
    development only: where we listen, or what a trusted proxy says."""
    phone_trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of our own proxies, whose X-Forwarded-Proto and X-Forwarded-Host are believed."""

    twilio_account_sid: str = ""
    """Unset, for development only: the simulator's own account."""
    twilio_auth_tokens: tuple[Secret, ...] = ()
    """Secrets that webhooks may be signed with; while rotating, the new one and the old one. The first
    one is for our own calls, unless there is an API key."""
    twilio_api: str = "https://api.twilio.com"
    """The base address of the REST API."""
    twilio_api_key: str = ""
    """The SID of an API key for our own calls; together with `twilio_api_secret`."""
    twilio_api_secret: Secret = Secret()
    twilio_timeout: float = 15.0
    """For one answer of the REST API, and between two pieces of a recording."""

    phone_region: str = "US"
    """The country that a number without a country code is of."""
    phone_language: str = "en-US"
    """What our announcements are spoken as (BCP 47); their words are English unless set."""
    phone_greeting: str = "Thank you for calling."
    phone_hold_music: str = ""
    """The URL of an audio file for those who wait; silence when unset."""
    phone_wait_seconds: float = 20.0
    """From one announcement of the position to the next."""
    phone_voicemail_seconds: int = 180
    """The longest message that can be left."""
    phone_transcribe: bool = True
    """Whether Twilio is asked to write voicemails down."""
    phone_ring: bool = True
    """Whether this process rings agents. With several replicas one of them does."""
    phone_ring_seconds: int = 20
    """How long an agent's phone rings."""
    phone_confirm_seconds: float = 6.0
    """How long the desk may take to say that an agent got the call that they took."""

    phone_call_back: bool = True
    """Whether callers may hang up, keep their place and be called back."""
    phone_call_back_tries: int = 3
    """How often an engaged or unanswered number is tried; after that it goes on in writing."""
    phone_call_back_pause: float = 120.0
    """From one try to the next."""
    phone_customer_ring_seconds: int = 25
    """How long the phone of a customer rings who is called back."""

    phone_media_pauses: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30, 60)
    """Before each further attempt to fetch a recording or picture that isn't there yet."""
    phone_max_media: int = 100 * MIB
    """The largest recording or picture that is taken."""
    phone_max_body: int = 256 * KIB
    """The largest webhook that is read."""
    phone_answer_seconds: float = 8.0
    """How long Twilio is let wait for an answer; what takes longer goes on, and is asked for again."""
    phone_grace: float = 5.0
    """How long what is in hand may take when the service stops."""

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(name, "must be more than 0")
            for name in (
                "twilio_timeout", "phone_wait_seconds", "phone_voicemail_seconds", "phone_ring_seconds",
                "phone_confirm_seconds", "phone_call_back_tries", "phone_call_back_pause", "phone_customer_ring_seconds", "phone_max_media", "phone_max_body", "phone_answer_seconds", "phone_grace",
            )
            if not getattr(self, name) > 0
        ]  # fmt: skip
        if not 0 <= self.phone_port <= 65535:
            mistakes.append(Mistake("phone_port", "must be a port, 0 to 65535"))
        for name in ("phone_public_url", "twilio_api"):
            if (url := getattr(self, name)) and not _is_base(url):
                mistakes.append(Mistake(name, "must be an http or https URL without query and fragment"))
        if self.phone_region not in phonenumbers.SUPPORTED_REGIONS:
            mistakes.append(Mistake("phone_region", f"{self.phone_region!r} is no country of two capital letters"))
        if any(pause <= 0 for pause in self.phone_media_pauses):
            mistakes.append(Mistake("phone_media_pauses", "must be seconds, each above 0"))
        mistakes += [
            Mistake("phone_trusted_proxies", f"{entry!r} is no address and no network")
            for entry in self.phone_trusted_proxies
            if _network(entry) is None
        ]
        if mistakes := mistakes + self._wrong_account():
            raise SettingsError(mistakes)

    def _wrong_account(self) -> list[Mistake]:
        mistakes = []
        if bool(self.twilio_account_sid) != bool(self.twilio_auth_tokens):
            missing = "twilio_auth_tokens" if self.twilio_account_sid else "twilio_account_sid"
            mistakes.append(Mistake(missing, "must be set too: an account has a SID and a token"))
        if bool(self.twilio_api_key) != bool(self.twilio_api_secret):
            missing = "twilio_api_secret" if self.twilio_api_key else "twilio_api_key"
            mistakes.append(Mistake(missing, "must be set too: an API key has a SID and a secret"))
        if self.env == "production":
            if self.simulated:
                mistakes.append(Mistake("twilio_account_sid", "must be set in production: the simulator calls nobody"))
            if not self.phone_public_url.startswith("https://"):
                mistakes.append(Mistake("phone_public_url", "must be an https URL in production: Twilio calls it"))
        return mistakes

    @property
    def simulated(self) -> bool:
        """Whether the account is the simulator's own."""
        return not self.twilio_account_sid and not self.twilio_auth_tokens

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(network for entry in self.phone_trusted_proxies if (network := _network(entry)) is not None)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and not parts.query
            and not parts.fragment
        )
    except ValueError:
        return False
