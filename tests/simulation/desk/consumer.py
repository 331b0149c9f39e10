"""A durable pull consumer of the simulated server: who was given what, and when it is given again."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tests.simulation.desk.broker import Broker, StoredStream


@dataclass(slots=True)
class _Pull:
    reply: str
    left: int
    expires: asyncio.TimerHandle = field(init=False)


@dataclass(slots=True)
class _Out:
    """A message that was handed out: how often, when last, and until when it may be out."""

    delivered: int
    at: float
    until: float


class Consumer:
    def __init__(self, broker: "Broker", stream: "StoredStream", name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._broker = broker
        self._stream = stream
        self._name = name
        self._loop = loop
        self.filters: list[str] = []
        self.asked_for = 0.0
        """When it was made, or brought up to date."""
        self._ack_wait = 30.0
        self._most = 1000
        self._cursor = 0
        self._pulls: deque[_Pull] = deque()
        self.pending: dict[int, _Out] = {}
        self._timer: asyncio.TimerHandle | None = None

    def configure(self, filters: list[str], ack_wait: float, most: int) -> None:
        self.filters, self._most, self.asked_for = filters, most, self._loop.time()
        if ack_wait != self._ack_wait:
            self._ack_wait = ack_wait
            for out in self.pending.values():
                out.until = min(out.until, out.at + ack_wait)
        self.pump()

    def pull(self, reply: str, batch: int, expires: float) -> None:
        pull = _Pull(reply, batch)
        pull.expires = self._loop.call_later(expires, self._end, pull)
        self._pulls.append(pull)
        self.pump()

    def told(self, seq: int, delivered: int, word: bytes) -> None:
        """An acknowledgement, or one of the other things that may be said of a message."""
        out = self.pending.get(seq)
        if word.startswith(b"-NAK"):
            if out is not None and out.delivered == delivered:
                delay = msgspec.json.decode(word[5:])["delay"] / 1e9 if len(word) > 4 else 0.0
                out.until = self._loop.time() + delay
        elif word.startswith(b"+WPI"):
            if out is not None:
                out.until = self._loop.time() + self._ack_wait
        else:
            self.pending.pop(seq, None)
            self._broker.acknowledged(self._stream, seq)
        self.pump()

    def pump(self) -> None:
        """Give out what is there to whoever asked."""
        while self._pulls and (seq := self._next()) is not None:
            pull = self._pulls[0]
            now = self._loop.time()
            delivered = self.pending[seq].delivered + 1 if seq in self.pending else 1
            record = self._stream.records[seq]
            tokens = ("$JS.ACK", self._stream.name, self._name, str(delivered), str(seq), str(seq), "0", "0")
            if not self._broker.tell_one(pull.reply, record.subject, ".".join(tokens), record.data, record.headers):
                self._pulls.popleft().expires.cancel()  # nobody is there any more
                continue
            self._cursor = max(self._cursor, seq)
            self.pending[seq] = _Out(delivered, now, now + self._ack_wait)
            self._broker.seen["redelivered"] += delivered > 1
            pull.left -= 1
            if not pull.left:
                self._pulls.popleft().expires.cancel()
        self._arm()

    def _next(self) -> int | None:
        now = self._loop.time()
        for seq in sorted(self.pending):
            if self.pending[seq].until <= now:
                if seq in self._stream.records:
                    return seq
                del self.pending[seq]
        if len(self.pending) >= self._most:
            return None
        found = [seq for subject in self.filters for seq in self._stream.by_subject.get(subject, ())]
        return min((seq for seq in found if seq > self._cursor), default=None)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = [out.until for out in self.pending.values()]
        if due and self._pulls:
            self._timer = self._loop.call_at(max(min(due), self._loop.time() + 0.001), self.pump)

    def end(self) -> None:
        """It is deleted: whoever asked is told."""
        for pull in self._pulls:
            pull.expires.cancel()
            self._broker.tell(pull.reply, "", b"", {"Status": "409"})
        self._pulls.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, pull: _Pull) -> None:
        if pull in self._pulls:
            self._pulls.remove(pull)
            self._broker.tell(pull.reply, "", b"", {"Status": "408"})
