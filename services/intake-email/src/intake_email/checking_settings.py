"""What an operator may set for what is looked at before a mail is believed, or shown."""

from typing import Literal

import msgspec

from frontline.contract.error import Mistake

Authenticity = Literal["off", "own", "trusted"]


class CheckingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who a mail is from, whether it is wanted, whether it is harmful."""

    email_authenticity: Authenticity | None = None
    """Whether a sender is who they say: by our `own` SPF, DKIM, DMARC and ARC; by the word of the mail server in front
    (`trusted`); or not looked at (`off`). Only DMARC makes an address verified. Unset: `own` in production, else `off`."""
    email_trusted_servers: tuple[str, ...] = ()
    """For `trusted`: how the servers in front call themselves in Authentication-Results. Only the topmost such field counts."""
    email_authenticity_budget: float = 5.0
    """How long a mail may wait for its checks; what is not known by then is said to be so, and the mail is taken."""
    email_dns_timeout: float = 3.0
    """For one question to the DNS."""
    email_dns_servers: tuple[str, ...] = ()
    """`address:port` of the DNS servers to ask; those of this machine when unset."""

    email_clamd: str = ""
    """`host:port` of ClamAV's daemon, or the path of its socket: files with a virus are kept from agents, and the mail
    is shown to an operator. Unset: nobody looks.
    """
    email_clamd_required: bool = False
    """Whether mail is put off (451) while the scanner gives no answer. Else it is taken, and says that nobody looked."""
    email_rspamd: str = ""
    """Address of rspamd, as `http://127.0.0.1:11333`: its score is kept with the message. Unset: it is not asked."""
    email_spamd: str = ""
    """`host:port` of SpamAssassin's daemon: its score is kept with the message. Unset: it is not asked."""
    email_neighbour_timeout: float = 20.0
    """For each answer of these."""

    def checking_mistakes(self) -> list[Mistake]:
        found = [
            Mistake(name, "must be more than 0")
            for name in ("email_authenticity_budget", "email_dns_timeout", "email_neighbour_timeout")
            if not getattr(self, name) > 0
        ]
        if self.email_authenticity == "trusted" and not self.email_trusted_servers:
            found.append(Mistake("email_trusted_servers", "must name the servers that are trusted"))
        if len(self.dns_servers) != len(self.email_dns_servers):
            found.append(Mistake("email_dns_servers", "each must be address:port"))
        if self.email_clamd and self.clamd is None:
            found.append(Mistake("email_clamd", "must be host:port, or a path that begins with a slash"))
        if self.email_clamd_required and not self.email_clamd:
            found.append(Mistake("email_clamd_required", "needs email_clamd"))
        if self.email_spamd and self.spamd is None:
            found.append(Mistake("email_spamd", "must be host:port"))
        if self.email_rspamd and not self.email_rspamd.startswith(("http://", "https://")):
            found.append(Mistake("email_rspamd", "must begin with http:// or https://"))
        return found

    @property
    def clamd(self) -> tuple[str, int] | str | None:
        """Where the scanner is, `None` for nowhere."""
        return self.email_clamd if self.email_clamd.startswith("/") else endpoint(self.email_clamd)

    @property
    def spamd(self) -> tuple[str, int] | None:
        return endpoint(self.email_spamd)

    def authenticity(self, env: str) -> Authenticity:
        return self.email_authenticity or ("own" if env == "production" else "off")

    @property
    def dns_servers(self) -> tuple[tuple[str, int], ...]:
        return tuple(place for each in self.email_dns_servers if (place := endpoint(each)) is not None)


def endpoint(text: str) -> tuple[str, int] | None:
    """`host:port`, `[::1]:port`; `None` for what is none."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    return (host, int(port)) if host and port.isascii() and port.isdigit() and 0 < int(port) <= 65535 else None
