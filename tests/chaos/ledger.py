"""Who was told "accepted", and what became of it."""

import asyncio
import smtplib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.e2e.running import Running, mail

_TRIES = 200
_BETWEEN_TRIES = 0.1


@dataclass(slots=True)
class Ledger:
    """The senders' side: each mail is repeated until it gets 250, as a mail server would."""

    accepted: list[str] = field(default_factory=list)
    put_off: Counter[int] = field(default_factory=Counter)
    cut_off: int = 0

    async def send_all(self, running: Running, numbers: Sequence[int], senders: int) -> None:
        """Send the mails with these numbers from `senders` senders at once."""
        queue: asyncio.Queue[int] = asyncio.Queue()
        for number in numbers:
            queue.put_nowait(number)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(senders):
                tasks.create_task(self._sender(running, queue))

    async def _sender(self, running: Running, queue: asyncio.Queue[int]) -> None:
        while not queue.empty():
            await self._send(running, queue.get_nowait())

    async def _send(self, running: Running, number: int) -> None:
        name = f"ledger {number}"
        message = mail(
            name, f"Text of {name}", message_id=f"<{number}@ledger.example>", sender=f"c{number}@ledger.example"
        )
        for _ in range(_TRIES):
            try:
                await asyncio.to_thread(running.send, message)
            except smtplib.SMTPResponseException as refused:
                assert 400 <= refused.smtp_code < 500, f"a mail server would give up: {refused}"
                self.put_off[refused.smtp_code] += 1
            except (smtplib.SMTPException, OSError):
                self.cut_off += 1
            else:
                self.accepted.append(name)
                return
            await asyncio.sleep(_BETWEEN_TRIES)  # the sender's own retry, not a wait for a result
        raise AssertionError(f"{name} was never taken")
