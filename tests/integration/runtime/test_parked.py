"""Setting aside, looking, releasing, dropping: on a real server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frontline.contract.error import Rejected, Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import RELEASE, drop, list_parked, park, release, show
from tests.integration.runtime.stage import left

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Lines:
    """A log that remembers."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append({"event": event, **fields})

    warning = error = info


async def set_aside(bus: Bus, payload: bytes = b"words", **parts: Any) -> int:
    given: dict[str, Any] = {
        "service": "router",
        "reason": "poison",
        "origin": "inbound.email.support",
        "payload": payload,
        "error": "ValueError",
        "at": NOON,
        "ids": {"message": "m1"},
        **parts,
    }
    return await park(bus, **given)


async def test_what_is_parked_is_whole_and_says_why(provisioned: Bus) -> None:
    headers = {"Nats-Msg-Id": "m1", "ce-id": "m1", "traceparent": "00-a", "Other": "not kept"}
    number = await set_aside(provisioned, b"\x00\xffraw", error="ö" * 1000 + "\r\nX: y", original_headers=headers)
    item = await show(provisioned, number)
    assert item is not None
    assert item.payload == b"\x00\xffraw"
    assert (item.note.service, item.note.reason, item.note.subject) == ("router", "poison", "inbound.email.support")
    assert (item.note.msg_id, item.note.ids) == ("m1", {"message": "m1"})
    assert item.note.headers == {"ce-id": "m1", "traceparent": "00-a"}
    assert item.note.error == "ö" * 500
    assert await list_parked(provisioned) == [item]


async def test_the_list_is_in_order_and_comes_in_pages(provisioned: Bus) -> None:
    for number in range(25):
        await set_aside(provisioned, b"%d" % number)
    first = await list_parked(provisioned, limit=10)
    rest = await list_parked(provisioned, after=first[-1].id)
    assert [item.payload for item in first + rest] == [b"%d" % number for number in range(25)]


async def test_an_empty_list_is_empty_and_what_is_not_there_cannot_be_shown(provisioned: Bus) -> None:
    assert await list_parked(provisioned) == []
    assert await show(provisioned, 7) is None
    assert not await release(provisioned, 7, Lines())
    assert not await drop(provisioned, 7, "tidying", Lines())


async def test_a_release_sends_the_same_message_where_it_came_from_and_takes_it_off_the_list(provisioned: Bus) -> None:
    await provisioned.publish("inbound.email.support", b"words", {"Nats-Msg-Id": "m1"})
    js = provisioned.nc.jetstream()
    desk = await js.pull_subscribe("inbound.email.>", durable="desk-support", stream="INBOX_email")
    (poison,) = await desk.fetch(1)
    number = await set_aside(provisioned, original_headers=poison.headers)
    await poison.term()
    log = Lines()
    assert await release(provisioned, number, log)
    (again,) = await desk.fetch(1)
    assert (again.subject, again.data) == ("inbound.email.support", b"words")
    assert (again.headers or {})[RELEASE] == str(number)
    assert await list_parked(provisioned) == []
    assert log.lines == [
        {"event": "parked.released", "parked": number, "service_of": "router", "reason": "poison", "of_message": "m1"}
    ]


async def test_a_release_that_was_cut_off_before_the_item_was_deleted_does_no_harm_when_repeated(
    provisioned: Bus,
) -> None:
    number = await set_aside(provisioned, original_headers={"Nats-Msg-Id": "m1"})
    item = await show(provisioned, number)
    assert item is not None
    await provisioned.publish(item.note.subject, item.payload, {"Nats-Msg-Id": f"m1.r{number}"})
    assert await release(provisioned, number, Lines())
    assert await left(provisioned, "INBOX_email") == 1


async def test_parking_the_same_once_more_makes_no_second_item_and_after_a_release_it_does(provisioned: Bus) -> None:
    first = await set_aside(provisioned, once="r1.rejected")
    assert await set_aside(provisioned, once="r1.rejected") == first
    await release(provisioned, first, Lines())
    second = await set_aside(provisioned, once="r1.rejected")
    assert [item.id for item in await list_parked(provisioned)] == [second]


async def test_what_is_dropped_is_gone_from_the_disk_too(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    words = b"the customer's own words, nowhere else"
    number = await set_aside(provisioned, words)
    await set_aside(provisioned, b"a later one, so that the block stays")
    blocks = list((tmp_path / "nats").rglob("PARKED/msgs/*.blk"))
    assert any(words in block.read_bytes() for block in blocks)
    log = Lines()
    assert await drop(provisioned, number, "asked for by the customer", log)
    assert [item.id for item in await list_parked(provisioned)] == [number + 1]
    assert log.lines[0]["why"] == "asked for by the customer"
    await nats.stop()
    assert not any(words in file.read_bytes() for file in (tmp_path / "nats").rglob("*") if file.is_file())


async def test_what_is_too_large_with_its_note_is_refused_before_it_costs_the_connection(provisioned: Bus) -> None:
    with pytest.raises(Rejected):
        await set_aside(provisioned, b"x" * (provisioned.nc.max_payload - 10))
    await set_aside(provisioned)
    assert len(await list_parked(provisioned)) == 1


async def test_a_strangers_message_on_the_stream_is_shown_as_what_it_is(provisioned: Bus) -> None:
    await provisioned.publish("parked.somebody.why", b"?", {"Frontline-Parked": "not json"})
    (item,) = await list_parked(provisioned)
    assert (item.note.service, item.note.reason, item.payload) == ("somebody", "why", b"?")


async def test_with_nats_away_nothing_is_parked_and_the_caller_knows(nats: EmbeddedServer, provisioned: Bus) -> None:
    await nats.kill()
    with pytest.raises(Unavailable):
        await set_aside(provisioned)
    await nats.start()
    await provisioned.wait_connected()
    await set_aside(provisioned)
    assert len(await list_parked(provisioned)) == 1
