"""Who gets into a contact by mail, and who gets one of their own, with real processes."""

import asyncio
from email.message import Message
from pathlib import Path
from typing import Any

from frontline.configuration.demo import DEMO
from tests.e2e.running import Running, frontline, mail, mail_sink, until

CUSTOMER, COLLEAGUE, STRANGER = "customer@one.example", "colleague@one.example", "stranger@two.example"
SALES = """
[[desk.inbox]]
channel = "email"
id = "sales"
name = "Sales"
sender = "{agent} at Example"
address = "sales@frontline.example"
"""
TWO_INBOXES = DEMO.replace("\n[[desk.inbox]]", f"{SALES}\n[[desk.inbox]]", 1)


async def send(running: Running, subject: str, text: str, id_: str, *, to: str = "", **parts: Any) -> None:
    message = mail(subject, text, message_id=f"<{id_}@one.example>", **parts)
    if to:
        message.replace_header("To", to)
    await asyncio.to_thread(running.send, message)


async def texts(running: Running, contact: str, count: int) -> list[tuple[str, str | None, str]]:
    """Kind, evidence and text of each line, once there are so many."""

    async def there() -> list[tuple[str, str | None, str]] | None:
        items = [each for each in await running.items(contact) if each["kind"] in ("message", "system")]
        return (
            [(each["kind"], each["threaded_by"], each["text"].strip()) for each in items]
            if len(items) == count
            else None
        )

    found: list[tuple[str, str | None, str]] = await until(there)
    return found


def words(found: Message) -> str:
    payload = found.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


async def test_who_was_copied_takes_part_a_stranger_does_not_and_what_is_forwarded_is_work_of_its_own(
    tmp_path: Path,
) -> None:
    """Hard cases 10, 12, 13 and 15."""
    config = tmp_path / "desks.toml"
    config.write_text(TWO_INBOXES)
    settings = {"FRONTLINE_CONFIG": str(config), "FRONTLINE_EMAIL_REPLY_TOKENS": "true"}
    async with (
        mail_sink() as sink,
        frontline(tmp_path / "data", FRONTLINE_SMTP_RELAY=sink.address, **settings) as running,
    ):
        await send(running, "Printer", "It does not print.", "1", sender=CUSTOMER, Cc=f"Two <{COLLEAGUE}>")
        contact = (await running.contact("Printer"))["id"]
        await send(running, "Re: Printer", "It blinks, too.", "2", sender=COLLEAGUE, In_Reply_To="<1@one.example>")
        assert (await texts(running, contact, 2))[1] == ("message", "named", "It blinks, too.")

        await send(running, "Re: Printer: mine", "Tell me all.", "3", sender=STRANGER, In_Reply_To="<1@one.example>")
        other = await running.contact("Re: Printer: mine")
        assert other["linked_to"] == contact
        kind, _, notice = (await texts(running, contact, 3))[2]
        assert (kind, other["id"] in notice) == ("system", True)

        await running.post(f"/api/contacts/{contact}/replies", {"text": "Please switch it on."})
        [answer] = await sink.have(1)
        assert (answer["To"], answer["Cc"]) == (f"Customer One <{CUSTOMER}>", f"Customer One <{COLLEAGUE}>")
        assert words(answer).startswith("Please switch it on.\n\nOn ")
        assert words(answer).rstrip().endswith("Customer One wrote:\n> It blinks, too.")

        address = answer["Reply-To"].partition("<")[2].rstrip(">")
        assert address.startswith("support+")
        await send(running, "AW: your ticket", "It is on.", "4", to=address, sender="boss@one.example")
        assert (await texts(running, contact, 5))[4] == ("message", "token", "It is on.")

        forwarded = {"In_Reply_To": answer["Message-ID"], "References": f"<1@one.example> {answer['Message-ID']}"}
        await send(running, "WG: Printer", "What is a new one?", "5", to="sales@frontline.example", **forwarded)
        sale = await running.contact("WG: Printer")
        assert (sale["inbox"], sale["linked_to"]) == ("sales", contact)
        await running.post(f"/api/contacts/{sale['id']}/replies", {"text": "A lot."})
        [_, second] = await sink.have(2)
        assert second["From"].partition("<")[0].strip().endswith("at Example")
        assert second["Cc"] is None
