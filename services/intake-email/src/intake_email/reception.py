"""Who is let in, for whom, and what they are told: the decisions of the SMTP listener, without its conversation."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from frontline.contract.channel import Host, Inbox, Inboxes, Receive
from frontline.contract.error import Reason, Rejected, Unavailable, answer_to
from frontline.contract.ids import InboxId
from intake_email.address import canonical_address
from intake_email.settings import EmailSettings
from intake_email.taking import Outcome, Taking, Way

Answers = Mapping[InboxId, str]
"""A status line for each inbox that a mail was for."""


class Reception:
    """One for all sessions."""

    def __init__(self, settings: EmailSettings, host: Host, taking: Taking, receive: Receive) -> None:
        self._settings = settings
        self._host = host
        self._taking = taking
        self._receive = receive
        self._full_until: dict[InboxId, float] = {}

    def recipient(self, address: str, before: int) -> tuple[InboxId, str]:
        """The inbox of one more recipient after `before` others, and its address in canonical form.

        Raises `Rejected` (there is no relaying: only inboxes of ours are known) and `Unavailable`.
        """
        if before >= self._settings.smtp_max_recipients:
            raise Rejected("too many recipients", Reason.TOO_MANY)
        inbox = inbox_of(address, self._host.inboxes)
        if inbox is None:
            raise Rejected("nobody here has this address", Reason.UNKNOWN_INBOX)
        if self._full_until.get(inbox.inbox, 0) > asyncio.get_running_loop().time():
            raise Unavailable("no room for this address at the moment", full=True)
        return inbox.inbox, canonical_address(address)

    async def small(self, way: Way, raw: bytes) -> Answers:
        """Store a mail that is in memory whole."""
        return self._answers(await self._taking.each(raw, way, self._receive))

    async def large(self, way: Way, chunks: AsyncIterator[bytes]) -> Answers:
        """Store a mail while it comes in."""
        return self._answers(await self._taking.each_of_large(chunks, way, self._receive))

    def _answers(self, outcomes: Mapping[InboxId, Outcome]) -> Answers:
        self._host.meter.count("mails", inboxes=str(min(len(outcomes), 10)))
        return {inbox: self._answer(inbox, outcome) for inbox, outcome in outcomes.items()}

    def _answer(self, inbox: InboxId, outcome: Outcome) -> str:
        if isinstance(outcome, str):
            return f"250 2.0.0 stored as {outcome}"
        answer = self.refusal(outcome)
        self._host.log.warning("smtp.not_taken", inbox=inbox, answer=answer[:9])
        if isinstance(outcome, Unavailable) and outcome.full:
            self._full_until[inbox] = asyncio.get_running_loop().time() + self._settings.smtp_full_pause
        return answer

    def refusal(self, error: Exception) -> str:
        """The status line for an error; a bug must not cost a mail: its sender tries again."""
        if isinstance(error, (Rejected, Unavailable)):
            return refusal(error)
        self._host.meter.count("failures", where="smtp")
        self._host.log.error("smtp.failed", exc_info=error)
        return f"{answer_to(error).smtp} something went wrong here, come again"


def inbox_of(address: str, inboxes: Inboxes) -> Inbox | None:
    """The inbox behind a recipient; `support+anything@` is `support@` unless it has one of its own."""
    canonical = canonical_address(address)
    if not canonical:
        return None
    found = inboxes.by_address(canonical)
    local, _, domain = canonical.rpartition("@")
    base = local.partition("+")[0]
    return inboxes.by_address(f"{base}@{domain}") if found is None and base and base != local else found


def one_answer(answers: Answers) -> str:
    """What SMTP can say only once for all recipients: that all is well, else what makes the sender come again.

    Who has the mail already then gets it again under the same id, which is harmless.
    """
    lines = list(answers.values())
    for kind in ("4", "5"):
        for line in lines:
            if line.startswith(kind):
                return line
    return lines[0] if len(lines) == 1 else f"250 2.0.0 stored as {' '.join(line.split()[-1] for line in lines)}"


def refusal(error: Rejected | Unavailable) -> str:
    """A status line; what it says comes from us and is one line of ASCII."""
    detail = error.detail.encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
    return f"{answer_to(error).smtp} {detail[:400]}"
