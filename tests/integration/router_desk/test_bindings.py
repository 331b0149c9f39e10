"""Where keys lead is written by who leads: another one may still be at work, or what they sent may arrive late."""

from datetime import UTC, datetime

import pytest
from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.ids import ContactId, DeskId, KeyHash, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import KEYS, THREADS
from router.core.commit import FORMAT, Commit, EpochRecord, encode_commit, encode_epoch
from router.desk.bindings import Bindings
from router.desk.log import Deposed
from router.desk.resolve import KnownKey

DESK = DeskId("support")
FIRST, SECOND = ContactId("c1"), ContactId("c2")
KEY, OTHER = KeyHash("a" * 40), KeyHash("b" * 40)
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
LOOK = f"$JS.API.STREAM.MSG.GET.{subject.desk_stream(DESK)}"
"""Where it is asked who leads."""


async def _begin_epoch(bus: Bus) -> Bindings:
    record = encode_epoch(EpochRecord(leader="test", at=NOW, format=FORMAT))
    return Bindings(bus, DESK, (await bus.publish(subject.desk_epoch(DESK), record)).seq)


async def _leads(bus: Bus, key: KeyHash) -> str | None:
    entry = await KeyValue(bus, THREADS).get(key)
    return entry.value.decode() if entry else None


async def _bind(bindings: Bindings, contact: ContactId) -> None:
    await bindings.lead(KEY, contact)
    await bindings.settle()


async def test_the_later_of_two_values_holds_in_one_go_and_in_the_next(provisioned: Bus) -> None:
    bindings = await _begin_epoch(provisioned)
    await bindings.lead(KEY, FIRST)
    await bindings.lead(KEY, SECOND)
    await bindings.lead(OTHER, SECOND)
    await bindings.place(KEY, KnownKey(contact=FIRST, message=MessageId("m1")))
    await bindings.settle()
    assert [await _leads(provisioned, key) for key in (KEY, OTHER)] == [SECOND, SECOND]
    assert (known := await KeyValue(provisioned, KEYS).get(KEY)) is not None
    assert known.value == b'{"contact":"c1","message":"m1"}'
    await _bind(bindings, FIRST)
    assert await _leads(provisioned, KEY) == FIRST


async def test_who_leads_no_more_leads_nothing_back_to_where_it_was(provisioned: Bus) -> None:
    former = await _begin_epoch(provisioned)
    await _bind(former, FIRST)
    await _bind(await _begin_epoch(provisioned), SECOND)
    await former.lead(KEY, FIRST)  # as one who was away in the midst of it
    with pytest.raises(Deposed):
        await former.settle()
    assert await _leads(provisioned, KEY) == SECOND


async def test_who_has_decided_in_a_later_epoch_is_seen_when_its_beginning_is_purged(provisioned: Bus) -> None:
    former = await _begin_epoch(provisioned)
    await _bind(former, FIRST)
    latter = await _begin_epoch(provisioned)
    commit = Commit(epoch=former._epoch + 1, index=1, now=NOW, cause="test", events=())
    await provisioned.publish(subject.desk_log(DESK), encode_commit(commit))
    await _bind(latter, SECOND)
    await provisioned.request(f"$JS.API.STREAM.PURGE.{subject.desk_stream(DESK)}", b'{"keep":1}')
    with pytest.raises(Deposed):
        await _bind(former, FIRST)
    assert await _leads(provisioned, KEY) == SECOND


async def test_who_takes_over_repeats_what_was_done_and_comes_to_the_same(provisioned: Bus) -> None:
    for _ in range(2):
        bindings = await _begin_epoch(provisioned)
        await _bind(bindings, FIRST)
        await _bind(bindings, SECOND)
    assert await _leads(provisioned, KEY) == SECOND


class Overtaken(Bus):
    """Another one takes over and binds the key right behind the first look at who leads."""

    overtaken = False

    async def request(self, subject: str, payload: bytes = b"", *, timeout: float = 5.0) -> Msg:
        answer = await super().request(subject, payload, timeout=timeout)
        if subject == LOOK and not self.overtaken:
            self.overtaken = True
            await _bind(await _begin_epoch(self), SECOND)
        return answer


async def test_what_is_bound_behind_the_look_at_who_leads_is_not_written_over(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    begun = await _begin_epoch(provisioned)
    await _bind(begun, ContactId("c0"))
    bus = Overtaken(name="former")
    await bus.connect(nats.url)
    try:
        with pytest.raises(Deposed):
            await _bind(Bindings(bus, DESK, begun._epoch), FIRST)
    finally:
        await bus.close()
    assert await _leads(provisioned, KEY) == SECOND
