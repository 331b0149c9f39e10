"""What the host tells channels of conversations, desks and the present moment, on a real nats-server."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from frontline.contract import subject
from frontline.contract.channel import Line
from frontline.contract.codec import encode
from frontline.contract.deskview import DeskView, Standing
from frontline.contract.ids import ChannelName, ContactId, DeskId, InboxId, MessageId
from frontline.contract.message import ThreadEvidence, ThreadKey
from frontline.contract.signal import Typing
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.bus import Bus
from frontline.runtime.conversation import ChannelSignals, DeskViews, PublicConversations
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.signing import Signer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import DESKVIEW, THREADS, TRANSCRIPT_PUBLIC
from tests.integration.runtime.stage import left

CONTACT = ContactId("c1")
SIGNER = Signer(b"a secret of these tests only")
KEY = ThreadKey(kind="visitor", value="v1", evidence=ThreadEvidence.TOKEN)
LOG = logger("test")


def line(id_: str, kind: ItemKind = ItemKind.MESSAGE) -> TranscriptItem:
    return TranscriptItem(
        id=MessageId(id_),
        contact=CONTACT,
        at=datetime.now(UTC),
        kind=kind,
        direction=Direction.IN,
        author=Author(role="customer"),
        channel=ChannelName("pigeon"),
        inbox=InboxId("support"),
    )


async def _some(batches: AsyncGenerator[Sequence[Line], None]) -> Sequence[Line]:
    """The next batch with anything in it: the copy that is read comes a moment after the transcript."""
    async for batch in batches:
        if batch:
            return batch
    raise AssertionError("unreachable")


async def test_a_line_that_nobody_can_read_is_left_out_counted_and_logged_by_its_id(
    provisioned: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    failures: list[str] = []
    await provisioned.publish(subject.transcript_public(CONTACT), encode(line("m1")))
    await provisioned.publish(subject.transcript_public(CONTACT), b"{words", {"Nats-Msg-Id": "m2"})
    await provisioned.publish(subject.transcript_public(CONTACT), encode(line("m3")))
    conversations = PublicConversations(provisioned, SIGNER.key_hash, LOG, failures.append)
    seen: list[str] = []
    async with asyncio.timeout(60), aclosing(conversations.follow(CONTACT, 0)) as lines:
        while seen != ["m1", "m3"]:
            seen += [each.item.id for each in await anext(lines)]
    assert failures == ["transcript"]
    logged = capsys.readouterr().out
    assert "transcript.unreadable" in logged
    assert "m2" in logged
    assert "words" not in logged, "ids, never what was said"


async def test_a_conversation_is_followed_from_a_cursor_and_shows_no_notes(provisioned: Bus) -> None:
    for id_ in ("m1", "m2"):
        await provisioned.publish(subject.transcript_public(CONTACT), encode(line(id_)))
    await provisioned.publish(subject.transcript_internal(CONTACT), encode(line("n1", ItemKind.NOTE)))
    conversations = PublicConversations(provisioned, SIGNER.key_hash, LOG, print)
    while await left(provisioned, TRANSCRIPT_PUBLIC) < 2:
        await asyncio.sleep(0.01)  # the copy that is read comes a moment after the transcript
    async with aclosing(conversations.follow(CONTACT, 1)) as lines:
        assert [each.item.id for each in await _some(lines)] == ["m2"]
        assert await anext(lines) == []
        await provisioned.publish(subject.transcript_public(CONTACT), encode(line("m3")))
        [third] = await _some(lines)
        assert (third.item.id, third.seq) == ("m3", 3)


async def test_the_contact_of_a_key_is_told_once_it_is_known(provisioned: Bus) -> None:
    conversations = PublicConversations(provisioned, SIGNER.key_hash, LOG, print)
    assert await conversations.contact_of(KEY) is None
    async with aclosing(conversations.carriers_of(KEY)) as carriers:
        waiting = asyncio.ensure_future(anext(carriers))
        await KeyValue(provisioned, THREADS).put(SIGNER.key_hash(KEY.kind, KEY.value), CONTACT.encode())
        assert await waiting == CONTACT
    assert await conversations.contact_of(KEY) == CONTACT


async def test_a_desk_s_view_reaches_every_reader_and_what_can_t_be_read_is_skipped(provisioned: Bus) -> None:
    views = DeskViews(provisioned, LOG)
    running = asyncio.create_task(views.run())
    bucket = KeyValue(provisioned, DESKVIEW)
    support = DeskId("support")
    try:
        await bucket.put("support", b"not a view")
        await bucket.put("support", encode(DeskView(desk=support, at=datetime.now(UTC), online=True)))
        async with aclosing(views.changes()) as changes:
            assert (await anext(changes)).online
            await bucket.put("support", encode(DeskView(desk=support, at=datetime.now(UTC), online=False)))
            assert not (await anext(changes)).online
        now = views.view(support)
        assert now is not None
        assert not now.online
    finally:
        running.cancel()


async def test_a_contact_stands_where_it_went_as_soon_as_that_desk_says_so(provisioned: Bus) -> None:
    views = DeskViews(provisioned, LOG)
    running = asyncio.create_task(views.run())
    bucket = KeyValue(provisioned, DESKVIEW)

    async def shows(desk: str, standing: Standing) -> None:
        view = DeskView(desk=DeskId(desk), at=datetime.now(UTC), online=True, contacts={CONTACT: standing})
        await bucket.put(desk, encode(view))

    try:
        async with aclosing(views.changes()) as changes:
            await shows("sales", Standing(state="assigned", agent_name="Demo agent 9"))
            await anext(changes)
            await shows("support", Standing(state="waiting", moved=True))
            await anext(changes)
        found = views.standing(CONTACT)
        assert found is not None
        assert (found[0].desk, found[1].agent_name) == ("sales", "Demo agent 9")
        assert views.standing(ContactId("c-other")) is None
    finally:
        running.cancel()


async def test_a_signal_reaches_who_listens_on_its_channel(provisioned: Bus) -> None:
    signals = ChannelSignals(provisioned, ChannelName("pigeon"), LOG)
    async with aclosing(signals.listen()) as heard:
        waiting = asyncio.ensure_future(anext(heard))
        typing = Typing(contact=CONTACT, who="agent")
        while not waiting.done():
            await signals.send(InboxId("support"), typing)
            await asyncio.wait((waiting,), timeout=0.01)
        assert await waiting == (InboxId("support"), typing)
