"""LMTP (RFC 2033): for a mail server in front that wants to know of each recipient what became of its mail."""

from typing import ClassVar

from intake_email.reception import Answers
from intake_email.session import MailEnvelope, MailSession


class LmtpSession(MailSession):
    """A session on the LMTP listener: SMTP's, with one answer a recipient at the end of DATA."""

    protocol_name = "LMTP"
    greeting_command = "LHLO"
    other_greetings: ClassVar[frozenset[str]] = frozenset({"HELO", "EHLO"})

    async def _tell(self, answers: Answers, envelope: MailEnvelope) -> None:
        for inbox, _ in envelope.named:
            await self.push(answers[inbox])
