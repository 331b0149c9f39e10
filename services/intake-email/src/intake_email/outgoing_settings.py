"""What an operator may set for mail that goes out, beyond which relay takes it."""

from pathlib import Path
from typing import Literal

from frontline.contract.error import Mistake
from frontline.contract.secret import Secret
from intake_email.checking_settings import CheckingSettings

TOKEN_SECRET_BYTES = 16


class OutgoingSettings(CheckingSettings, frozen=True, kw_only=True):
    """How mail is signed, addressed and handed over. Structs inherit from one other only, hence the base."""

    smtp_relay_tls: Literal["implicit", "starttls", "offered", "none"] = "offered"
    """TLS from the first byte (port 465), by STARTTLS or not at all, by STARTTLS where the relay offers it, or never."""
    smtp_relay_ca: Path | None = None
    """Certificates (PEM) that the relay's is checked against; the system's when unset."""
    smtp_relay_user: str = ""
    """Who we are to the relay, if it asks: AUTH by the strongest way that it offers. Never without TLS, except on loopback."""
    smtp_relay_password: Secret | None = None
    """That user's password."""

    dkim_keys: Path | None = None
    """A folder of private keys (PEM, RSA or Ed25519), each named after its record: `2026a._domainkey.desk.example.pem`.
    Every key of a sender's domain signs; looked at again for each mail, so that a key is replaced without a restart."""

    email_quote: bool = True
    """Whether a reply carries the mail that it answers below it."""
    email_reply_tokens: bool = False
    """Whether answers are asked for at `inbox+token@`, so that they find their contact when a mail system on the way
    has replaced our Message-ID. Only where all that stands before us takes such addresses, as our own listener does."""
    email_automatic_per_day: int = 10
    """Acknowledgements, surveys and check-ins that one address may get in a day; more are not sent."""
    email_token_secrets: tuple[Secret, ...] = ()
    """What thread tokens are signed with, newest first; each of them is believed. Unset: the deployment secret, which
    is believed in any case.
    """

    def outgoing_mistakes(self) -> list[Mistake]:
        found = self.checking_mistakes()
        if bool(self.smtp_relay_user) != (self.smtp_relay_password is not None):
            missing = "smtp_relay_password" if self.smtp_relay_user else "smtp_relay_user"
            found.append(Mistake(missing, "is needed with the other"))
        if self.email_automatic_per_day < 1:
            found.append(Mistake("email_automatic_per_day", "must be 1 or more"))
        if any(len(secret.encode()) < TOKEN_SECRET_BYTES for secret in self.email_token_secrets):
            found.append(Mistake("email_token_secrets", f"each needs {TOKEN_SECRET_BYTES} bytes at least"))
        if self.smtp_relay_ca is not None and not self.smtp_relay_ca.is_file():
            found.append(Mistake("smtp_relay_ca", "is no file"))
        if self.dkim_keys is not None and not self.dkim_keys.is_dir():
            found.append(Mistake("dkim_keys", "is no folder"))
        return found
