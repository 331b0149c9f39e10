"""What the server does for a desk: the same suite for the simulated one and for a real nats-server.

So that what the simulation of a desk finds, or does not find, says something about a real one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from nats.aio.msg import Msg

from frontline.contract.error import Unavailable
from frontline.runtime import consumers
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.erasing import erase
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects, one
from frontline.runtime.pull import ensure_consumer, pull
from frontline.runtime.reader import follow, read, read_whole, stored_at
from router.desk.remnants import places, still_waited_for
from tests.chunks import whole
from tests.contract.bus_place import PLACES, Place

INBOX = "INBOX_email"
MAIL = "inbound.email.mail"
OTHER = "inbound.email.other"


@pytest_asyncio.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with PLACES[request.param](tmp_path) as place:
        yield place


async def on(bus: Bus, stream: str, subject: str, after: int = 0) -> list[tuple[int, bytes]]:
    async with aclosing(read(bus, stream, subject, after, batch=2)) as records:
        return [(record.seq, record.data) async for record in records]


async def consumer(bus: Bus, name: str = "desk-support", filters: tuple[str, ...] = (MAIL,)) -> None:
    await ensure_consumer(bus, INBOX, name, filters=filters, ack_wait=30, max_ack_pending=10)


async def taken(bus: Bus, count: int, name: str = "desk-support") -> list[Msg]:
    """The next messages that the consumer gives, as many as asked for."""
    found: list[Msg] = []
    async with asyncio.timeout(30), aclosing(pull(bus, INBOX, name, lambda: count - len(found))) as batches:
        async for batch in batches:
            found += batch
            if len(found) >= count:
                break
    return found


async def emptied(bus: Bus, subject: str = "inbound.email.>") -> None:
    async with asyncio.timeout(30):
        while await on(bus, INBOX, subject):
            await asyncio.sleep(0.01)


async def test_a_message_with_an_id_is_stored_once_and_the_repeat_says_where(place: Place) -> None:
    head = {"Nats-Msg-Id": "m1"}
    first = await place.bus.publish(MAIL, b"one", head)
    again = await place.other.publish(MAIL, b"one", head)
    assert (first.stream, first.seq, first.duplicate) == (INBOX, 1, False)
    assert (again.seq, again.duplicate) == (1, True)
    assert await on(place.bus, INBOX, MAIL) == [(1, b"one")]


async def test_a_read_follows_a_subject_over_batches_and_a_wildcard_all_of_them(place: Place) -> None:
    for n in range(5):
        await place.bus.publish(MAIL if n % 2 else OTHER, b"%d" % n)
    assert await on(place.other, INBOX, OTHER) == [(1, b"0"), (3, b"2"), (5, b"4")]
    assert await on(place.other, INBOX, "inbound.email.*", 2) == [(3, b"2"), (4, b"3"), (5, b"4")]
    assert await on(place.other, INBOX, MAIL, 4) == []


async def test_a_record_carries_headers_and_the_aware_time_at_which_it_was_stored(place: Place) -> None:
    await place.bus.publish(MAIL, b"one", {"Nats-Msg-Id": "m1", "ce-id": "m1"})
    async with aclosing(read(place.bus, INBOX, MAIL)) as records:
        async for record in records:
            assert record.headers["ce-id"] == "m1"
            assert record.subject == MAIL
            assert datetime(2025, 1, 1, tzinfo=UTC) < record.at


async def test_what_lies_at_a_place_is_told_by_the_leader(place: Place) -> None:
    seq = (await place.bus.publish("draft.support", b"words")).seq
    assert await stored_at(place.other, "DRAFTS", seq) == b"words"
    assert await stored_at(place.other, "DRAFTS", seq + 1) is None


async def test_what_is_on_a_subject_is_read_up_to_the_leaders_last_word(place: Place) -> None:
    for subject in ("transcript.one.pub", "transcript.one.int", "transcript.other.pub"):
        await place.bus.publish(subject, subject.encode())
    found = await read_whole(place.other, "TRANSCRIPT", "transcript.one.*")
    assert [record.data for record in found] == [b"transcript.one.pub", b"transcript.one.int"]
    assert await read_whole(place.other, "TRANSCRIPT", "transcript.nobody.*") == []


async def test_a_copy_has_what_its_source_has_and_loses_it_by_itself(place: Place) -> None:
    seq = (await place.bus.publish("transcript.one.pub", b"words")).seq
    await place.bus.publish("transcript.one.int", b"a note")
    async with asyncio.timeout(30):
        while [data for _, data in await on(place.other, "TRANSCRIPT_PUBLIC", "transcript.one.*")] != [b"words"]:
            await asyncio.sleep(0.01)
    assert await erase(place.bus, "TRANSCRIPT", [seq]) == 1
    [(copied, _)] = await on(place.other, "TRANSCRIPT_PUBLIC", "transcript.one.*")
    assert await erase(place.bus, "TRANSCRIPT_PUBLIC", [copied]) == 1
    assert await erase(place.bus, "TRANSCRIPT_PUBLIC", [copied]) == 0


async def test_a_work_queue_tells_up_to_where_it_holds_something(place: Place) -> None:
    await place.bus.publish(MAIL, b"one")
    seq = (await place.bus.publish(OTHER, b"two")).seq
    assert await places(place.other, [INBOX, "OUTBOX"]) == {INBOX: seq}
    assert await still_waited_for(place.other, {INBOX: seq, "OUTBOX": 1}) == {INBOX: seq}


async def test_a_key_is_updated_only_over_the_revision_that_it_has(place: Place) -> None:
    bucket, others = KeyValue(place.bus, "LEASES"), KeyValue(place.other, "LEASES")
    assert await bucket.last("support") is None
    first = await bucket.update("support", b"one", 0)
    with pytest.raises(WrongSequence):
        await others.update("support", b"two", 0)
    second = await others.update("support", b"two", first)
    with pytest.raises(WrongSequence):
        await bucket.update("support", b"three", first)
    entry = await bucket.get("support")
    assert entry is not None
    assert (entry.value, entry.revision) == (b"two", second)
    assert await on(place.bus, "KV_LEASES", "$KV.LEASES.support") == [(second, b"two")]


async def test_whoever_watches_a_key_sees_what_is_there_and_each_change(place: Place) -> None:
    bucket = KeyValue(place.bus, "LEASES")
    await bucket.put("support", b"one")
    async with asyncio.timeout(30), aclosing(KeyValue(place.other, "LEASES").watch("support")) as batches:
        assert [entry.value for entry in await anext(batches)] == [b"one"]
        assert await anext(batches) == []
        await bucket.put("support", b"two")
        seen = await anext(batches)
        while not seen:
            seen = await anext(batches)
        assert [entry.value for entry in seen] == [b"two"]


async def test_a_follower_is_nudged_by_what_is_republished(place: Place) -> None:
    async with asyncio.timeout(30):
        async with aclosing(follow(place.bus, "TRANSCRIPT", "transcript.c1.pub", "live.c1.pub", recheck=60)) as batches:
            assert await anext(batches) == []
            await place.other.publish("transcript.c1.pub", b"said")
            assert [record.data for record in await anext(batches)] == [b"said"]


async def test_a_consumer_gives_in_order_what_its_filters_let_through_and_acknowledged_is_gone(place: Place) -> None:
    await consumer(place.bus)
    for n in range(3):
        await place.other.publish(MAIL, b"%d" % n)
        await place.other.publish(OTHER, b"not mine")
    messages = await taken(place.bus, 3)
    assert [msg.data for msg in messages] == [b"0", b"1", b"2"]
    assert [msg.metadata.sequence.stream for msg in messages] == [1, 3, 5]
    assert {msg.metadata.num_delivered for msg in messages} == {1}
    for msg in messages:
        await msg.ack()
    await consumer(place.bus, "desk-other", (OTHER,))
    for msg in await taken(place.bus, 3, "desk-other"):
        await msg.term()
    await emptied(place.bus)


async def test_what_is_said_no_to_comes_again_and_is_counted(place: Place) -> None:
    await consumer(place.bus)
    await place.other.publish(MAIL, b"one")
    (first,) = await taken(place.bus, 1)
    await first.nak()
    (again,) = await taken(place.bus, 1)
    assert (again.data, again.metadata.num_delivered) == (b"one", 2)


async def test_what_was_out_comes_again_first_when_the_consumer_is_taken_over(place: Place) -> None:
    await consumer(place.bus)
    await place.other.publish(MAIL, b"one")
    assert len(await taken(place.bus, 1)) == 1
    await place.other.publish(MAIL, b"two")
    await consumer(place.other)
    messages = await taken(place.other, 2)
    assert [(msg.data, msg.metadata.num_delivered) for msg in messages] == [(b"one", 2), (b"two", 1)]


async def test_a_request_is_answered_by_who_listens_and_refused_when_nobody_does(place: Place) -> None:
    async def answer(msg: Msg) -> None:
        await msg.respond(b"answer to " + msg.data)

    with pytest.raises(Unavailable):
        await place.bus.request("command.support.1", b"a question", timeout=30)
    subscription = await place.other.nc.subscribe("command.support.1", cb=answer)
    for _ in range(2):  # nats-py sends its first ping ahead of what waits to be sent
        await place.other.nc.flush()
    assert (await place.bus.request("command.support.1", b"a question", timeout=30)).data == b"answer to a question"
    await subscription.unsubscribe()


async def test_a_purge_takes_what_lies_before_a_sequence_and_leaves_the_numbers(place: Place) -> None:
    for n in range(4):
        await place.bus.publish("desk.support.log", b"%d" % n)
    ask = msgspec.json.encode({"seq": 3})
    await place.other.request("$JS.API.STREAM.PURGE.DESK_support", ask)
    assert await on(place.bus, "DESK_support", "desk.support.*") == [(3, b"2"), (4, b"3")]
    assert (await place.bus.publish("desk.support.log", b"4")).seq == 5


async def test_an_object_is_put_read_and_put_again_under_its_name(place: Place) -> None:
    objects, others = Objects(place.bus), Objects(place.other)
    first = await objects.put("SNAPSHOTS", "support/0", one(b"first"))
    assert await whole(others.get(first)) == b"first"
    second = await objects.put("SNAPSHOTS", "support/0", one(b"second"))
    assert await whole(others.get(second)) == b"second"
    with pytest.raises(Unavailable):
        await whole(others.get(first))


async def test_a_subject_is_taken_by_one_consumer_and_the_list_says_by_which(place: Place) -> None:
    await consumer(place.bus, "desk-a", (MAIL, OTHER))
    with pytest.raises(Unavailable, match="not unique"):
        await consumer(place.other, "desk-b", (OTHER,))
    assert await consumers.filters(place.other, INBOX) == {"desk-a": {MAIL, OTHER}}
    await consumer(place.bus, "desk-a", (MAIL,))
    await consumer(place.other, "desk-b", (OTHER,))
    assert await consumers.filters(place.bus, INBOX) == {"desk-a": {MAIL}, "desk-b": {OTHER}}


async def test_a_consumer_that_is_given_a_subject_passes_over_what_came_before_and_one_made_anew_does_not(
    place: Place,
) -> None:
    await place.bus.publish(OTHER, b"before")
    await place.bus.publish(MAIL, b"mail")
    await consumer(place.bus)
    (mail,) = await taken(place.bus, 1)
    await mail.ack()
    await emptied(place.bus, MAIL)
    await consumer(place.bus, filters=(MAIL, OTHER))
    await place.bus.publish(OTHER, b"after")
    (after,) = await taken(place.bus, 1)
    assert (mail.data, after.data) == (b"mail", b"after")
    await consumers.remove(place.bus, INBOX, "desk-support")
    await consumers.remove(place.bus, INBOX, "desk-support")
    await consumer(place.bus, filters=(MAIL, OTHER))
    assert [msg.data for msg in await taken(place.bus, 2)] == [b"before", b"after"]


async def test_an_acknowledgement_of_a_consumer_that_was_made_anew_since_is_harmless(place: Place) -> None:
    await place.bus.publish(MAIL, b"one")
    await consumer(place.bus)
    (first,) = await taken(place.bus, 1)
    await consumers.remove(place.bus, INBOX, "desk-support")
    await consumer(place.bus)
    (again,) = await taken(place.bus, 1)
    await first.ack()
    await again.ack()
    await emptied(place.bus)
