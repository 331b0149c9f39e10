"""One contact that changes its channel, with real processes: a chat and a call go on by mail."""

import asyncio
import json
import uuid
from email.message import Message
from pathlib import Path
from typing import Any

from tests.e2e.running import MailSink, Running, frontline, mail, mail_sink, until
from tests.e2e.test_phone import contact_with, printed, simulate

VISITOR = "visitor@one.example"
CALLER = "+12025550177"


async def leave_a_message(running: Running, text: str) -> None:
    """A visitor writes, leaves their address, and closes the window once it is stored."""
    async with running.session.ws_connect(running.up["chat"].rstrip("/") + "/chat/ws") as socket:
        await socket.send_str(json.dumps({"type": "hello", "v": 1, "inbox": "support"}))
        said = {"type": "message", "id": str(uuid.uuid4()), "text": text, "name": "Customer Two", "reply_to": VISITOR}
        await socket.send_str(json.dumps(said))
        async with asyncio.timeout(30):
            while json.loads((await socket.receive()).data)["type"] != "ack":
                pass


async def contact_of(running: Running, channel: str, **like: Any) -> dict[str, Any]:
    """The contact on a channel as it is shown by itself, once it looks like that."""

    async def there() -> dict[str, Any] | None:
        for listed in await running.contacts(f"&channel={channel}"):
            contact: dict[str, Any] = await running.get(f"/api/contacts/{listed['id']}")
            if all(contact[name] == value for name, value in like.items()) and contact["answer_by"]:
                return contact
        return None

    found: dict[str, Any] = await until(there, seconds=60)
    return found


async def answer_by_mail(running: Running, sink: MailSink, text: str, answer: Message) -> None:
    back = mail(
        f"Re: {answer['Subject']}",
        text,
        message_id=f"<{uuid.uuid4()}@one.example>",
        sender=VISITOR,
        In_Reply_To=answer["Message-ID"],
        References=answer["Message-ID"],
    )
    await asyncio.to_thread(running.send, back)


async def shown(running: Running, contact: str, text: str) -> dict[str, Any]:
    async def there() -> dict[str, Any] | None:
        return next((item for item in await running.items(contact) if item["text"].strip() == text), None)

    found: dict[str, Any] = await until(there)
    return found


async def test_a_visitor_who_left_an_address_is_answered_by_mail_and_a_missed_call_too_each_in_its_contact(
    tmp_path: Path,
) -> None:
    async with (
        mail_sink() as sink,
        frontline(tmp_path / "data", FRONTLINE_SMTP_RELAY=sink.address, FRONTLINE_CHAT_GONE_SECONDS="0.2") as running,
    ):
        await leave_a_message(running, "Can I change my order?")
        calling = await simulate(
            running, "call", "--from", CALLER, "--pace", "0.02", "--press", "", "--press", "1", "--say", "Call me back."
        )  # fmt: skip
        contact = await contact_of(running, "chat", presence="left")
        assert contact["answer_by"] == {"channel": "email", "to": [VISITOR], "cc": []}
        assert contact["customer"]["identities"][0]["status"] == "claimed"

        await running.post(f"/api/contacts/{contact['id']}/replies", {"text": "Yes, until noon."})
        [answer] = await sink.have(1)
        assert VISITOR in answer["To"]
        assert answer["Subject"].startswith("Your conversation with ")
        await answer_by_mail(running, sink, "Then the blue one, please.", answer)
        item = await shown(running, contact["id"], "Then the blue one, please.")
        assert (item["channel"], item["threaded_by"]) == ("email", "token")

        assert "waits in the queue" in await printed(calling)
        missed = await contact_with(running, "Call me back.")
        body = {"text": "We will call at three.", "channel": "email", "to": VISITOR}
        await running.post(f"/api/contacts/{missed['id']}/replies", body)
        [_, second] = await sink.have(2)
        await answer_by_mail(running, sink, "Three is fine.", second)
        assert (await shown(running, missed["id"], "Three is fine."))["channel"] == "email"

        listed = await running.contacts()
        assert {each["id"] for each in listed} == {contact["id"], missed["id"]}, "no answer opened a contact of its own"
        history = (await running.get(f"/api/contacts/{missed['id']}"))["history"]
        assert history == [], "an address that was claimed in a chat, or answered from, makes nobody the same person"
