"""A JetStream server in memory, as far as a desk uses one: streams, direct reads, consumers, core subjects.

It answers on the subjects and in the words of a real nats-server, so that everything of ours above
the client runs as it is. `tests/contract/test_simulated_bus.py` holds both to the same suite.
"""

import asyncio
import base64
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from nats.js.api import RePublish, RetentionPolicy, StreamConfig

from frontline.contract import subject as subjects
from frontline.contract.ids import DeskId
from frontline.runtime.reader import Stored
from tests.simulation.desk.consumer import Consumer

START = datetime(2030, 1, 1, 11, 59, 54, tzinfo=UTC)
"""Shortly before noon, when a shift ends and another begins."""
FULL = {"code": 400, "err_code": 10077, "description": "maximum bytes exceeded"}
Headers = dict[str, str]


class Listener(Protocol):
    """A client's subscription."""

    def deliver(self, subject: str, reply: str, data: bytes, headers: Headers | None) -> None: ...


@dataclass(slots=True)
class StoredStream:
    """One stream. `records` are in the order of their sequences, which have holes once something is deleted."""

    config: StreamConfig
    records: dict[int, Stored] = field(default_factory=dict)
    by_subject: dict[str, list[int]] = field(default_factory=dict)
    ids: dict[str, tuple[int, float]] = field(default_factory=dict)
    last: int = 0
    full: bool = False
    consumers: dict[str, Consumer] = field(default_factory=dict)
    bereft: set[tuple[str, str]] = field(default_factory=set)
    """Consumers and what they took, up to a removal that was sent before somebody had asked for them last, or a change."""
    told_on: dict[str, str] = field(default_factory=dict)
    """By subject, on which core subject it is told again; empty if it is not."""
    name: str = field(init=False)

    def __post_init__(self) -> None:
        assert self.config.name is not None
        self.name = self.config.name

    def last_of(self, subject: str) -> int:
        if "*" in subject:
            there = (seqs[-1] for each, seqs in self.by_subject.items() if seqs and matches(subject, each))
            return max(there, default=0)
        found = self.by_subject.get(subject)
        return found[-1] if found else 0

    def delete(self, seq: int) -> None:
        record = self.records.pop(seq, None)
        if record is not None:
            self.by_subject[record.subject].remove(seq)

    def above(self, after: int, subject: str, end: int) -> list[Stored]:
        """What lies on `subject` above `after` and up to `end`."""
        if "*" not in subject and ">" not in subject:
            there = self.by_subject.get(subject, ())
            return [self.records[seq] for seq in there[bisect_right(there, after) : bisect_right(there, end)]]
        found = []
        for seq in range(after + 1, end + 1):
            record = self.records.get(seq)
            if record is not None and matches(subject, record.subject):
                found.append(record)
        return found


class Broker:
    """`on_stored` is told of each record of each stream at the moment when it is stored."""

    def __init__(self, configs: list[StreamConfig], now: Callable[[], float]) -> None:
        self._now = now
        self.streams = {config.name: StoredStream(config) for config in configs if config.name}
        self._takers: dict[str, StoredStream | None] = {}
        self._patterns: dict[str, list[tuple[str, StoredStream]]] = {}
        """By the first token, which is a plain word in all of ours."""
        for stream in self.streams.values():
            for pattern in stream.config.subjects or ():
                self._patterns.setdefault(pattern.partition(".")[0], []).append((pattern, stream))
        self._copies: dict[str, list[StoredStream]] = {}
        for stream in self.streams.values():
            for source in stream.config.sources or ():
                self._copies.setdefault(source.name or "", []).append(stream)
        self._listeners: dict[str, list[Listener]] = {}
        self._deep: list[str] = []
        """The prefixes below which somebody has ever listened to all, the longest first."""
        self.on_stored: Callable[[str, Stored], None] = lambda _stream, _record: None
        self.behind: Callable[[], int] = lambda: 0
        """By how many records a direct read is behind."""
        self.seen: Counter[str] = Counter()
        self.commands: dict[DeskId, list[tuple[int, bytes]]] = {}
        """By desk, each time that one went to a leader: where the desk's log ended then, and what it said."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self._now())

    # Core subjects.

    def listen(self, subject: str, listener: Listener) -> None:
        self._listeners.setdefault(subject, []).append(listener)
        if subject.endswith(".>") and subject[:-1] not in self._deep:
            self._deep = sorted((*self._deep, subject[:-1]), key=len, reverse=True)

    def leave(self, subject: str, listener: Listener) -> None:
        there = self._listeners.get(subject, [])
        if listener in there:
            there.remove(listener)

    def tell(self, subject: str, reply: str, data: bytes, headers: Headers | None = None) -> bool:
        """Give a message to all who listen; whether anybody does."""
        listeners = self._listeners
        found = [*listeners.get(subject, ()), *listeners.get(subject.rpartition(".")[0] + ".*", ())]
        for prefix in self._deep:
            if subject.startswith(prefix):
                found += listeners[prefix + ">"]
        for listener in found:
            listener.deliver(subject, reply, data, headers)
        return bool(found)

    def tell_one(self, inbox: str, subject: str, reply: str, data: bytes, headers: Headers | None) -> bool:
        """Give a consumer's message, which keeps its subject, to whoever listens on `inbox`."""
        found = self._listeners.get(inbox)
        if found:
            found[0].deliver(subject, reply, data, headers)
        return bool(found)

    def receive(
        self, subject: str, reply: str, data: bytes, headers: Headers | None, sent: float | None = None
    ) -> None:
        """A message of a client's has arrived. `sent` is when it went on its way, if not just now."""
        if subject.startswith("$JS.ACK."):
            _, _, stream, consumer, delivered, seq, *_ = subject.split(".")
            there = self.streams[stream].consumers.get(consumer)
            if there is not None:
                there.told(int(seq), int(delivered), data)
        elif subject.startswith("$JS.API."):
            self._api(subject.removeprefix("$JS.API."), reply, data, sent)
        elif (taker := self._stream_of(subject)) is not None:
            answer = self._store(taker, subject, data, headers or {})
            if reply:
                self.tell(reply, "", msgspec.json.encode(answer))
        elif not self.tell(subject, reply, data, headers):
            if reply:
                self.tell(reply, "", b"", {"Status": "503"})
        elif subject.startswith("command."):
            self._note_command(DeskId(subject.split(".")[1]), data)

    def _note_command(self, desk: DeskId, data: bytes) -> None:
        log = self.streams[subjects.desk_stream(desk)]
        self.commands.setdefault(desk, []).append((log.last, data))

    # What may happen to it.

    def forget_ids(self) -> None:
        """Restarted, as far as its streams are concerned: which messages it had seen is gone."""
        for stream in self.streams.values():
            stream.ids.clear()

    def lose_end(self, name: str, count: int) -> int:
        """The last records of a stream are gone, as after a power cut; how many were."""
        stream = self.streams[name]
        lost = min(count, stream.last)
        for seq in range(stream.last - lost + 1, stream.last + 1):
            stream.delete(seq)
        stream.last -= lost
        return lost

    # Storage.

    def _stream_of(self, subject: str) -> StoredStream | None:
        if subject not in self._takers:
            there = self._patterns.get(subject.partition(".")[0], ())
            self._takers[subject] = next((each for pattern, each in there if matches(pattern, subject)), None)
        return self._takers[subject]

    def _store(self, stream: StoredStream, subject: str, data: bytes, headers: Headers) -> dict[str, Any]:
        now = self._now()
        id_ = headers.get("Nats-Msg-Id")
        if id_ is not None and id_ in stream.ids:
            seq, stored = stream.ids[id_]
            if now - stored < (stream.config.duplicate_window or 120.0):
                self.seen["duplicate"] += 1
                return {"stream": stream.name, "seq": seq, "duplicate": True}
        if (last := _unexpected(stream, subject, headers)) is not None:
            self.seen["wrong sequence"] += 1
            return _error(400, 10071, f"wrong last sequence: {last}")
        if stream.full:
            self.seen["full"] += 1
            return {"error": FULL}
        stream.last += 1
        record = Stored(stream.last, subject, data, headers, self.now())
        stream.records[stream.last] = record
        there = stream.by_subject.setdefault(subject, [])
        there.append(stream.last)
        if id_ is not None:
            stream.ids[id_] = (stream.last, now)
        kept = stream.config.max_msgs_per_subject or -1
        while (kept > 0 and len(there) > kept) or (headers.get("Nats-Rollup") == "sub" and len(there) > 1):
            stream.delete(there[0])
        self.on_stored(stream.name, record)
        self._republish(stream, record)
        self._copy(stream, record)
        for consumer in stream.consumers.values():
            consumer.pump()
        return {"stream": stream.name, "seq": record.seq}

    def _copy(self, stream: StoredStream, record: Stored) -> None:
        """To whoever has it as a source. On a real server that takes a moment."""
        for copy in self._copies.get(stream.name, ()):
            for source in copy.config.sources or ():
                if source.name == stream.name and matches(source.filter_subject or ">", record.subject):
                    copy.last += 1
                    copied = Stored(copy.last, record.subject, record.data, record.headers, record.at)
                    copy.records[copy.last] = copied
                    copy.by_subject.setdefault(record.subject, []).append(copy.last)
                    self.on_stored(copy.name, copied)
                    self._republish(copy, copied)

    def _republish(self, stream: StoredStream, record: Stored) -> None:
        subject = record.subject
        if subject not in stream.told_on:
            stream.told_on[subject] = _told_on(stream.config.republish, subject)
        if dest := stream.told_on[subject]:
            self.tell(dest, "", record.data, record.headers or None)

    # The API.

    def _api(self, what: str, reply: str, data: bytes, sent: float | None) -> None:
        ask: dict[str, Any] = msgspec.json.decode(data) if data else {}
        verb, _, rest = what.rpartition(".")
        if verb == "DIRECT.GET":
            self._direct_get(self.streams[rest], reply, ask)
        elif verb == "STREAM.MSG.GET":
            self._answer(reply, self._message(self.streams[rest], ask))
        elif verb == "STREAM.MSG.DELETE":
            self._answer(reply, self._delete(self.streams[rest], ask))
        elif verb == "STREAM.INFO":
            self._answer(reply, {"state": self._state(self.streams[rest])})
        elif verb == "STREAM.PURGE":
            self._answer(reply, self._purge(self.streams[rest], ask))
        elif what.startswith("CONSUMER.CREATE."):
            _, _, name, durable = what.split(".")
            self._answer(reply, self._consumer(self.streams[name], durable, ask["config"], sent))
        elif verb == "CONSUMER.LIST":
            there = self.streams[rest].consumers.items()
            told = [{"name": name, "config": {"filter_subjects": list(each.filters)}} for name, each in there]
            self._answer(reply, {"total": len(told), "consumers": told[ask.get("offset", 0) :]})
        elif what.startswith("CONSUMER.DELETE."):
            _, _, name, durable = what.split(".")
            gone = self.streams[name].consumers.pop(durable, None)
            if gone is not None:
                gone.end()
                if sent is not None and sent < gone.asked_for:
                    self.seen["removed late"] += 1
                    self.streams[name].bereft.update((durable, each) for each in gone.filters)
            self._answer(reply, {"success": True} if gone is not None else _error(404, 10014, "consumer not found"))
        elif what.startswith("CONSUMER.MSG.NEXT."):
            _, _, _, name, durable = what.split(".")
            consumer = self.streams[name].consumers.get(durable)
            if consumer is None:
                self.tell(reply, "", b"", {"Status": "503"})
            else:
                consumer.pull(reply, ask["batch"], ask["expires"] / 1e9)
        else:
            raise AssertionError(f"not simulated: {what}")

    def _answer(self, reply: str, answer: dict[str, Any]) -> None:
        self.tell(reply, "", msgspec.json.encode(answer))

    def _direct_get(self, stream: StoredStream, reply: str, ask: dict[str, Any]) -> None:
        behind = self.behind()
        found = stream.above(ask.get("seq", 1) - 1, ask["next_by_subj"], stream.last - behind)
        if not found:
            self.tell(reply, "", b"", {"Status": "404"})
            return
        some = found[: ask["batch"]]
        for record in some:
            at = record.at.isoformat().replace("+00:00", "Z")
            head = record.headers | {
                "Nats-Sequence": str(record.seq),
                "Nats-Subject": record.subject,
                "Nats-Time-Stamp": at,
            }
            self.tell(reply, "", record.data, head)
        self.tell(reply, "", b"", {"Status": "204", "Nats-Num-Pending": str(len(found) - len(some))})

    def _message(self, stream: StoredStream, ask: dict[str, Any]) -> dict[str, Any]:
        seq = ask["seq"] if "seq" in ask else stream.last_of(ask["last_by_subj"])
        if seq not in stream.records:
            return _error(404, 10037, "no message found")
        record = stream.records[seq]
        return {
            "message": {"subject": record.subject, "seq": seq, "data": base64.b64encode(record.data).decode()},
        }

    def _state(self, stream: StoredStream) -> dict[str, Any]:
        first = min(stream.records, default=stream.last + 1)
        return {"messages": len(stream.records), "first_seq": first, "last_seq": stream.last}

    def _delete(self, stream: StoredStream, ask: dict[str, Any]) -> dict[str, Any]:
        if ask["seq"] not in stream.records:
            return _error(404, 10043, "no message found")
        stream.delete(ask["seq"])
        self.seen[f"erased {stream.name.partition('_')[0]}"] += 1
        return {"success": True}

    def _purge(self, stream: StoredStream, ask: dict[str, Any]) -> dict[str, Any]:
        before = ask.get("seq") or stream.last + 1
        there = [
            r.seq for r in stream.records.values() if r.seq < before and matches(ask.get("filter", ">"), r.subject)
        ]
        for seq in there:
            stream.delete(seq)
        self.seen[f"purged {stream.name.partition('_')[0]}"] += bool(there)
        return {"success": True, "purged": len(there)}

    def _consumer(
        self, stream: StoredStream, durable: str, config: dict[str, Any], sent: float | None
    ) -> dict[str, Any]:
        consumer = stream.consumers.get(durable)
        others = {subject for name, each in stream.consumers.items() if name != durable for subject in each.filters}
        if others.intersection(config["filter_subjects"]):
            self.seen["taken by another"] += 1
            return _error(400, 10100, "filtered consumer not unique on workqueue stream")
        if consumer is None:
            consumer = stream.consumers[durable] = Consumer(self, stream, durable, asyncio.get_running_loop())
        elif sent is not None and sent < consumer.asked_for:
            stream.bereft.update((durable, each) for each in consumer.filters)
        consumer.configure(config["filter_subjects"], config["ack_wait"] / 1e9, config["max_ack_pending"])
        stream.bereft.difference_update((durable, each) for each in consumer.filters)
        return {"num_ack_pending": len(consumer.pending)}

    def acknowledged(self, stream: StoredStream, seq: int) -> None:
        if stream.config.retention == RetentionPolicy.WORK_QUEUE:
            stream.delete(seq)


def _unexpected(stream: StoredStream, subject: str, headers: Headers) -> int | None:
    """The last sequence of the stream or of the subject, if it is not the one that the sender holds for it."""
    expected = headers.get("Nats-Expected-Last-Sequence")
    if expected is not None and int(expected) != stream.last:
        return stream.last
    expected = headers.get("Nats-Expected-Last-Subject-Sequence")
    if expected is not None and int(expected) != (last := stream.last_of(subject)):
        return last
    return None


def _told_on(republish: RePublish | None, subject: str) -> str:
    if republish is None or not republish.src or not republish.dest:
        return ""
    tokens = subject.split(".")
    taken = [token for token, part in zip(tokens, republish.src.split("."), strict=False) if part == "*"]
    dest = republish.dest
    if dest.endswith(".>"):
        dest = ".".join((*dest.split(".")[:-1], *tokens[len(republish.src.split(".")) - 1 :]))
    for number, token in enumerate(taken, 1):
        dest = dest.replace(f"{{{{wildcard({number})}}}}", token)
    return dest


@lru_cache(maxsize=4096)
def matches(pattern: str, subject: str) -> bool:
    """Whether `subject` is one that `pattern` stands for."""
    if pattern == subject:
        return True
    wanted, given = pattern.split("."), subject.split(".")
    for number, token in enumerate(wanted):
        if token == ">":
            return len(given) > number
        if number >= len(given) or token not in ("*", given[number]):
            return False
    return len(wanted) == len(given)


def _error(code: int, err_code: int, description: str) -> dict[str, Any]:
    return {"error": {"code": code, "err_code": err_code, "description": description}}
