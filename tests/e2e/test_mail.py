"""The straight path, with real processes: a mail comes in, is assigned, is answered, and the answer comes out."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from tests.e2e.running import frontline, mail, mail_sink, until


async def test_a_mail_is_assigned_answered_and_answered_again_in_the_same_contact(tmp_path: Path) -> None:
    async with (
        mail_sink() as sink,
        frontline(tmp_path / "data", FRONTLINE_SMTP_RELAY=sink.address) as running,
    ):
        await asyncio.to_thread(running.send, mail("Printer", "It does not print.", message_id="<a1@one.example>"))
        contact = await running.contact("Printer")
        assert contact["state"] == "assigned"
        assert contact["assignment"]["agent"] in {"agent-1", "agent-2", "agent-3"}
        assert contact["assignment"]["via"] == "auto"
        assert contact["subject"] == "Printer"
        assert contact["why"]
        [clock] = contact["clocks"]
        assert clock["target"] == "first_response"
        started, due = (datetime.fromisoformat(clock[name]) for name in ("started_at", "due_at"))
        assert due - started == timedelta(hours=1)
        assert clock["outcome"] is None

        path = f"/api/contacts/{contact['id']}"
        sent = await running.post(f"{path}/replies", {"text": "Please switch it on."}, key="first")
        again = await running.post(f"{path}/replies", {"text": "Please switch it on."}, key="first")
        assert sent == again

        [answer] = await sink.have(1)
        assert answer["To"] == "customer@one.example" or "<customer@one.example>" in answer["To"]
        assert answer["Subject"] == "Re: Printer"
        assert answer["In-Reply-To"] == "<a1@one.example>"
        assert answer["References"].split() == ["<a1@one.example>"]
        words = answer.get_payload(decode=True)
        assert isinstance(words, bytes)
        assert "Please switch it on." in words.decode()

        thanks = mail(
            "Re: Printer",
            "It prints now.",
            message_id="<a2@one.example>",
            In_Reply_To=answer["Message-ID"],
            References=f"<a1@one.example> {answer['Message-ID']}",
        )
        await asyncio.to_thread(running.send, thanks)

        async def three() -> list[dict[str, object]]:
            items = (await running.get(f"{path}/transcript"))["items"]
            said = [item for item in items if item["kind"] == "message"]
            return said if len(said) == 3 else []

        first, second, third = await until(three)
        assert [item["direction"] for item in (first, second, third)] == ["in", "out", "in"]
        assert third["threaded_by"] == "token"
        assert third["text"].strip() == "It prints now."

        async def met() -> list[dict[str, str]]:
            [contact] = await running.contacts()
            clocks = [clock for clock in contact["clocks"] if clock["target"] == "first_response"]
            return clocks if [clock["outcome"] for clock in clocks] == ["met"] else []

        [clock] = await until(met)
        assert datetime.fromisoformat(clock["outcome_at"]) <= due

        async def delivered() -> bool:
            items = (await running.get(f"{path}/transcript"))["items"]
            return any(item["direction"] == "out" and item["delivery"] == "sent" for item in items)

        assert await until(delivered)
        assert len(sink.mails) == 1


async def test_what_was_decided_survives_a_restart(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        await asyncio.to_thread(running.send, mail("One", "Hello", message_id="<b1@one.example>"))
        before = await running.contact("One")
        token = running.up["agents"][0]["token"]
        assert await running.stop() == 0
    async with frontline(tmp_path / "data") as running:
        after = await running.contact("One")
        assert after == before
        assert running.up["agents"][0]["token"] == token
        answer = mail("Re: One", "And more", message_id="<b2@one.example>", In_Reply_To="<b1@one.example>")
        await asyncio.to_thread(running.send, answer)

        async def both() -> bool:
            items = (await running.get(f"/api/contacts/{after['id']}/transcript"))["items"]
            return len(items) == 2

        assert await until(both)


async def test_a_reply_without_a_relay_lies_in_the_local_mailbox(tmp_path: Path) -> None:
    async with frontline(tmp_path / "data") as running:
        await asyncio.to_thread(running.send, mail("One", "Hello", message_id="<c1@one.example>"))
        [contact] = await until(running.contacts)
        await running.post(f"/api/contacts/{contact['id']}/replies", {"text": "Hello to you."})

        async def written() -> list[Path]:
            return list((running.data_dir / "mailbox").glob("*.eml"))

        [eml] = await until(written)
        assert "Hello to you." in eml.read_text()
