"""What other mail systems report of a reply goes to the reply; it makes no contact. What machines answer to a notice
of ours (somebody of us is away) is nobody's at all.
"""

from frontline.contract.channel import Conversations, Log, Meter, Receive
from frontline.contract.message import (
    NOTICE_PREFIX,
    Automation,
    DeliveryReceipt,
    InboundMessage,
    ThreadEvidence,
    ThreadKey,
)
from intake_email.report import Reported, receipt, reported
from intake_email.thread import REPLY


class Reporting:
    """Stands before the host's `receive`. A report whose reply can't be found is kept as its original only, counted
    and logged with its id: most such reports are of mail that somebody else sent in our name.
    """

    def __init__(self, receive: Receive, conversations: Conversations, log: Log, meter: Meter) -> None:
        self._receive = receive
        self._conversations = conversations
        self._log = log
        self._meter = meter

    async def __call__(self, message: InboundMessage | DeliveryReceipt) -> None:
        report = reported(message) if isinstance(message, InboundMessage) else None
        if report is None:
            if isinstance(message, InboundMessage) and _answers_a_notice(message):
                self._meter.count("answers_to_notices")
                self._log.info("mail.answers_a_notice", message=message.id, inbox=message.inbox)
                return
            await self._receive(message)
            return
        assert isinstance(message, InboundMessage)
        await self._settle(message, report)

    async def _settle(self, message: InboundMessage, report: Reported) -> None:
        contact = None
        if report.reply is not None:
            key = ThreadKey(kind=REPLY, value=report.reply, evidence=ThreadEvidence.TOKEN)
            contact = await self._conversations.contact_of(key)
        outcome = "unbound"
        if contact is not None:
            await self._receive(receipt(message, report, contact))
            outcome = str(report.state)
        self._meter.count("mail_reports", kind=str(report.kind), outcome=outcome)
        told = self._log.info if contact is not None else self._log.warning
        told(
            "mail.reported",
            message=message.id,
            inbox=message.inbox,
            kind=report.kind,
            outcome=outcome,
            hard=report.hard,
        )


def _answers_a_notice(message: InboundMessage) -> bool:
    """A machine does, and has our own mail's token for it."""
    if message.automation is Automation.NO:
        return False
    return any(key.kind == REPLY and key.value.startswith(NOTICE_PREFIX) for key in message.thread)
