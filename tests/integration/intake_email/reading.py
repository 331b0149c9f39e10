"""The channel while it reads a mailbox on Dovecot."""

from typing import Any

from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_email.dovecot import Dovecot, eventually
from tests.integration.intake_email.stage import Stage, mail, receiving

QUICK: dict[str, Any] = {"imap_retry": 0.2, "imap_lease": 0.4, "imap_poll": 0.2}


def numbered(number: int, **fields: str | None) -> bytes:
    given: dict[str, str | None] = {"Message_ID": f"<n{number}@customer.example>", "Subject": f"Number {number}"}
    return mail(f"Text {number}.\r\n", **{**given, **fields})


def reading(nats: EmbeddedServer, bus: Bus, box: Dovecot, **settings: Any) -> Any:
    """The channel with one mailbox; `mailbox` are its settings."""
    mailbox = settings.pop("mailbox", {})
    return receiving(nats, bus, **{"imap_mailboxes": (box.mailbox(**mailbox),), **QUICK, **settings})


async def comes_to(stage: Stage, count: int) -> list[InboundMessage]:
    """All messages, once there are so many."""

    async def there() -> bool:
        return len(await stage.stored()) >= count

    await eventually(there)
    return await stage.stored()


async def compared(stage: Stage, there: int) -> None:
    """Wait until the folder was looked at whole, and everything in it is taken in."""

    async def equal() -> bool:
        figures = [
            stage.figure(f"frontline_email_imap_mails_{name}", mailbox="support-box") for name in ("there", "held")
        ]
        return (
            figures == [there, there]
            and stage.figure("frontline_email_imap_looked_at_timestamp_seconds", mailbox="support-box") > 0
        )

    await eventually(equal)


def taken(stage: Stage, outcome: str) -> float:
    return stage.figure("frontline_email_imap_mails_total", mailbox="support-box", outcome=outcome)
