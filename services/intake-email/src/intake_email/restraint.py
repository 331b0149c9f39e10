"""Automatic mail is limited by count, whatever its headers say: two machines that answer each other stop by themselves.

It is the last of several guards, in the memory of one process; the desk decides what is sent at all.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from frontline.contract.ids import MessageId

WINDOW = timedelta(days=1)


class Restraint:
    """At most `most` automatic mails to one address within a day."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sent: deque[tuple[datetime, str, MessageId]] = deque()
        self._by_address: dict[str, set[MessageId]] = {}

    def allows(self, message: MessageId, addresses: Iterable[str], now: datetime) -> bool:
        """Whether this message may go to all of them; one that was allowed before is, and counts once."""
        self._forget(now)
        wanted = [address.lower() for address in addresses]
        counted = [self._by_address.get(address, set()) for address in wanted]
        if any(message not in known and len(known) >= self._most for known in counted):
            return False
        for address in wanted:
            known = self._by_address.setdefault(address, set())
            if message not in known:
                known.add(message)
                self._sent.append((now, address, message))
        return True

    def _forget(self, now: datetime) -> None:
        while self._sent and self._sent[0][0] <= now - WINDOW:
            _, address, message = self._sent.popleft()
            left = self._by_address[address]
            left.discard(message)
            if not left:
                del self._by_address[address]
