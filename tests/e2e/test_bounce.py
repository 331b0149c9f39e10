"""A bounce, with real processes: the reply is shown as failed, and its clock runs on as if it had never been."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import default
from pathlib import Path
from typing import Any

from tests.e2e.running import frontline, mail, mail_sink, until


def bounce(answer: Message) -> EmailMessage:
    """What the customer's mail server says of an answer that it can't deliver (RFC 3464)."""
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = "Mail Delivery System <MAILER-DAEMON@one.example>"
    report["To"] = "support@frontline.example"
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Message-ID"] = "<dsn@one.example>"
    report["Auto-Submitted"] = "auto-replied"
    report.attach(MIMEText("The address is unknown.\n"))
    status = MIMEBase("message", "delivery-status")
    per_mail, recipient = EmailMessage(), EmailMessage()
    per_mail["Reporting-MTA"] = "dns; mx.one.example"
    recipient["Final-Recipient"] = "rfc822; customer@one.example"
    recipient["Action"], recipient["Status"] = "failed", "5.1.1"
    status.set_payload([per_mail, recipient])
    report.attach(status)
    returned = MIMEBase("message", "rfc822")
    returned.set_payload([answer])
    report.attach(returned)
    return message_from_bytes(report.as_bytes(), policy=default)


async def test_a_hard_bounce_fails_the_reply_and_lets_its_clock_run_on(tmp_path: Path) -> None:
    """Behaviour 1.5 and 4.4."""
    async with (
        mail_sink() as sink,
        frontline(tmp_path / "data", FRONTLINE_SMTP_RELAY=sink.address) as running,
    ):
        await asyncio.to_thread(running.send, mail("Printer", "It does not print.", message_id="<d1@one.example>"))
        contact = await running.contact("Printer")
        path = f"/api/contacts/{contact['id']}"
        await running.post(f"{path}/replies", {"text": "Please switch it on."})
        [answer] = await sink.have(1)

        async def delivery(state: str) -> dict[str, Any] | None:
            items = (await running.get(f"{path}/transcript"))["items"]
            return next((item for item in items if item["direction"] == "out" and item["delivery"] == state), None)

        async def outcome() -> str | None:
            [found] = await running.contacts()
            said: str | None = next(each["outcome"] for each in found["clocks"] if each["target"] == "first_response")
            return said

        assert await until(lambda: delivery("sent"))

        async def met() -> bool:
            return await outcome() == "met"

        assert await until(met)
        await asyncio.to_thread(running.send, bounce(answer))
        assert await until(lambda: delivery("failed"))

        async def runs() -> bool:
            return await outcome() is None

        assert await until(runs)
        items = (await running.get(f"{path}/transcript"))["items"]
        assert any(item["kind"] == "receipt" and "customer@one.example: 5.1.1" in item["text"] for item in items)
        assert len(await running.contacts()) == 1
