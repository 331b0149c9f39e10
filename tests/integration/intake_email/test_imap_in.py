"""Mail from a mailbox on a real Dovecot: every mail once, whatever others do to it meanwhile."""

import asyncio
from typing import Any

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import ACCEPTED, Dovecot, dovecot, eventually
from tests.integration.intake_email.stage import Stage, mail, receiving

pytestmark = needs("dovecot", "dovecot-imapd")
QUICK = {"imap_retry": 0.2, "imap_lease": 0.4, "imap_poll": 0.2}


def numbered(number: int, **fields: str | None) -> bytes:
    given: dict[str, str | None] = {"Message_ID": f"<n{number}@customer.example>", "Subject": f"Number {number}"}
    return mail(f"Text {number}.\r\n", **{**given, **fields})


def reading(nats: EmbeddedServer, bus: Bus, box: Dovecot, **settings: Any) -> Any:
    mailbox = settings.pop("mailbox", {})
    return receiving(nats, bus, **{"imap_mailboxes": (box.mailbox(**mailbox),), **QUICK, **settings})


async def comes_to(stage: Stage, count: int) -> list[Any]:
    async def there() -> bool:
        return len(await stage.stored()) >= count

    await eventually(there)
    return await stage.stored()


async def test_what_lies_there_is_taken_in_and_marked_as_seen(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box) as stage:
            found = await comes_to(stage, 2)
            assert [each.subject for each in found] == ["Number 1", "Number 2"]
            assert found[0].inbox == "support"
            assert found[0].times.accepted == ACCEPTED
            assert await stage.octets(found[0]) == numbered(1)

            async def seen() -> bool:
                return all(b"\\Seen" in flags for flags in box.flags().values())

            await eventually(seen)


async def test_a_mail_that_comes_while_we_listen_is_taken_in_at_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with dovecot() as box, reading(nats, provisioned, box, imap_idle=1000.0, imap_reconcile=1000.0) as stage:
        for number in (1, 2):
            await asyncio.to_thread(box.append, numbered(number))
            assert len(await comes_to(stage, number)) == number
