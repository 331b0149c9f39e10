"""The promises of a channel as tests. An author writes two fixtures and one class.

    class TestPigeon(ChannelContract):
        @pytest.fixture
        def channel(self) -> type[PigeonChannel]:
            return PigeonChannel

        @pytest.fixture
        def driver(self) -> PigeonDriver:   # see `frontline.testing.driver`
            return PigeonDriver()

The channel runs in the real host on a real nats-server; the driver speaks to it over its real
transport. What a channel doesn't declare (`capabilities`) is skipped, and nothing else is.
"""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from frontline.contract.channel import (
    Capabilities,
    Channel,
    DeliversReplies,
    DescribesItself,
    Replays,
)
from frontline.contract.codec import decode_inbound, encode, to_milliseconds
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.message import DeliveryState, InboundMessage, OutboundMessage, message_id
from frontline.contract.subject import is_token
from frontline.runtime.host import load_plugin
from frontline.testing.driver import NOT_DECLARED, Answer, DeliveringDriver, Driver, FarEnd, Told
from frontline.testing.heartbeat import heartbeat
from frontline.testing.replies import error_of, kept_file, named, reply_to
from frontline.testing.stage import INBOX, Stage, staging

_MIB = 1 << 20


@pytest.mark.asyncio
class ChannelContract:
    """Inherit, and give the fixtures `channel` (the plug-in's class) and `driver`."""

    patience: ClassVar[float] = 20.0
    """Seconds after which what should come by itself is given up on: only ever spent on a fault."""
    overtime: ClassVar[float] = 10.0
    """Seconds beyond its grace that `serve` may take to end, on a machine that is busy."""
    longest_hold: ClassVar[float] = 0.2
    """Seconds that the event loop may be held up; much more than needed, for machines that are busy."""

    channel: Any
    """A fixture of the author's: the class of the plug-in."""
    driver: Any
    """A fixture of the author's: `frontline.testing.driver.Driver`, or `DeliveringDriver`."""

    @pytest_asyncio.fixture
    async def stage(self, channel: Any, driver: Driver, tmp_path: Path) -> AsyncIterator[Stage]:
        """The channel, running and ready."""
        async with staging(channel, driver, tmp_path, patience=self.patience) as stage:
            unready = await _unready(stage)
            if not unready:
                yield stage
                return
        pytest.fail(f"the channel never said that it listens, so it would never be ready ({unready})")

    @pytest.fixture
    def far_end(self, channel: Any, driver: DeliveringDriver) -> FarEnd:
        if not _declared(channel).delivers_replies:
            pytest.skip(f"{NOT_DECLARED} delivers_replies")
        if _declared(channel).shows_transcript:
            pytest.skip(f"{NOT_DECLARED} a far end of its own: it shows the transcript")
        return driver.far_end

    # What it says of itself

    async def test_no_promise_was_taken_out_or_changed(self) -> None:
        changed = [name for name, test in _promises().items() if getattr(type(self), name, None) is not test]
        assert not changed, f"{type(self).__name__} has its own idea of: {', '.join(changed)}"

    async def test_its_name_is_that_of_its_entry_point(self, channel: Any) -> None:
        assert is_token(channel.name), f"the name {channel.name!r} can't stand in a subject: [a-z0-9-], 63 at most"
        assert load_plugin(channel.name) is channel, f"the entry point {channel.name!r} leads to another class"

    async def test_it_declares_what_it_can_do(self, channel: Any, stage: Stage) -> None:
        made = stage.channel
        assert isinstance(made, Channel), "the channel lacks name, Settings or serve"
        assert isinstance(made, DescribesItself), "the channel declares no capabilities"
        can = {"delivers_replies": isinstance(made, DeliversReplies), "replays": isinstance(made, Replays)}
        for name, is_so in can.items():
            said = getattr(channel.capabilities, name)
            assert said == is_so, f"the channel declares {name}={said}, and its methods say {is_so}"

    async def test_it_listens_before_it_says_so(self, stage: Stage) -> None:
        assert stage.listeners, "the channel named no listener"
        assert not stage.deaf, f"the channel said that it listens before it did: {', '.join(stage.deaf)}"

    # In

    async def test_every_recorded_payload_becomes_a_message_that_survives_as_bytes(
        self, stage: Stage, driver: Driver
    ) -> None:
        assert len(driver.payloads) > 1, "the driver needs two payloads at least"
        for payload in driver.payloads:
            await self._accepted(stage, driver, payload)
        stored = await stage.raw()
        assert len(stored) == len(driver.payloads), f"{len(driver.payloads)} payloads became {len(stored)} messages"
        for data in stored:
            message = decode_inbound(data)
            assert isinstance(message, InboundMessage), "a payload became a receipt"
            assert decode_inbound(encode(message)) == message, "a message came back from its bytes as another one"
            assert message.channel == message.sender.channel == stage.name, "a message names another channel"
            assert message.inbox == INBOX, f"a message came to the inbox {message.inbox!r}"
            assert message.id == message_id(message.key), "the id of a message does not follow from its key"
            assert message.native_id, "a message has no native_id: the sender's own id for it"
            received = message.times.received
            assert received == to_milliseconds(received), "times.received is finer than a millisecond"

    async def test_the_same_payload_twice_is_one_message_with_one_id(self, stage: Stage, driver: Driver) -> None:
        for payload in driver.payloads[:2]:
            first = await self._accepted(stage, driver, payload)
            again = await self._accepted(stage, driver, payload)
            assert first.id == again.id, "the same payload had another id when it came again"
        count = len(await stage.stored())
        assert count == 2, f"two payloads, each sent twice, are {count} messages"

    async def test_the_sender_is_told_accepted_only_after_the_message_is_stored(
        self, stage: Stage, driver: Driver
    ) -> None:
        stage.gate.hold()
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(stage, driver, driver.payloads[0]))
            await self._in_hand(stage)
            stage.gate.fail(Unavailable("for this test"))
        answer = sending.result()
        assert answer.told is not Told.ACCEPTED, (
            f"the sender was told {answer} before the message was stored, and it never was"
        )
        assert answer.told is Told.TRY_AGAIN, (
            f"a message that can't be stored now has to be asked for again, not {answer}"
        )
        stage.gate.release()
        await self._accepted(stage, driver, driver.payloads[0])
        assert len(await stage.stored()) == 1, "a message that was asked for again did not become one message"

    async def test_an_outage_of_the_bus_costs_no_message(self, stage: Stage, driver: Driver) -> None:
        await stage.server.kill()
        await stage.until(lambda: not stage.service.bus.connected)
        answer = await self._send(stage, driver, driver.payloads[0])
        assert answer.told is Told.TRY_AGAIN, (
            f"while nothing can be stored a sender has to hear to try again, not {answer}"
        )
        await stage.server.start()
        await stage.ready()
        await self._accepted(stage, driver, driver.payloads[0])
        await stage.until(lambda: stage.bus.connected)
        assert len(await stage.stored()) == 1, "after the outage the same message was not one message"

    async def test_malformed_input_is_refused_with_a_status_and_the_next_message_still_works(
        self, stage: Stage, driver: Driver
    ) -> None:
        assert driver.malformed, "the driver knows nothing malformed"
        for number, payload in enumerate(driver.malformed):
            answer = await self._send(stage, driver, payload)
            assert answer.told is Told.REFUSED, (
                f"malformed input {number} was answered {answer}: it has to be refused for good, or it comes for ever"
            )
            assert answer.status, f"malformed input {number} was refused without a status"
        await self._accepted(stage, driver, driver.payloads[0])
        assert len(await stage.stored()) == 1, "something malformed was stored"

    async def test_an_oversized_payload_is_refused_before_it_is_buffered(self, stage: Stage, driver: Driver) -> None:
        size = max(64 * driver.limit, 32 * _MIB)
        tracemalloc.start(1)
        try:
            async with asyncio.timeout(3 * self.patience):
                answer = await driver.send_oversized(stage.listeners, size)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert answer.told is Told.REFUSED, f"{size} bytes were answered {answer}, with a limit of {driver.limit}"
        allowed = 2 * driver.limit + 8 * _MIB
        assert peak < allowed, f"{peak} bytes were held for an oversized payload before it was refused"
        await self._accepted(stage, driver, driver.payloads[0])

    async def test_the_event_loop_is_not_held_up(self, stage: Stage, driver: Driver) -> None:
        async with heartbeat() as idle:
            for _ in range(3):
                await stage.stored()
        for payload in driver.payloads:
            gaps = []
            for _ in range(3):  # a fault holds it up each time, a busy machine hardly ever so
                async with heartbeat() as heart:
                    await self._accepted(stage, driver, payload)
                gaps.append(heart.longest)
            allowed = min(max(self.longest_hold, 5 * idle.longest), 1.0)
            assert min(gaps) < allowed, f"the channel blocks the event loop: {min(gaps):.2f} s for one message"

    # The end

    async def test_a_message_in_hand_at_the_stop_is_finished(self, stage: Stage, driver: Driver) -> None:
        stage.gate.hold()
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(stage, driver, driver.payloads[0]))
            await self._in_hand(stage)
            stage.service.stopping.set()
            await asyncio.sleep(0)  # the cancellation is on its way before the message is stored
            stage.gate.release()
        answer = sending.result()
        assert answer.told is Told.ACCEPTED, f"a message in hand at the stop was lost: its sender was told {answer}"
        assert len(await stage.stored()) == 1, "a message was accepted at the stop and is not stored"

    async def test_serve_ends_within_its_grace_whatever_is_in_hand(self, stage: Stage, driver: Driver) -> None:
        stage.gate.hold()
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(self._send(stage, driver, driver.payloads[0]))
            await self._in_hand(stage)
            stage.service.stopping.set()
            await asyncio.wait({stage.main}, timeout=driver.grace + self.overtime)
            ended = stage.main.done()
            stage.gate.release()
        assert ended, f"serve did not end within its grace of {driver.grace} s when it was cancelled"
        assert sending.result().told is not Told.ACCEPTED or await stage.stored(), (
            "accepted at the stop, and not stored"
        )

    async def test_serve_works_again_after_it_was_cancelled(self, stage: Stage, driver: Driver) -> None:
        """The host calls it again, on the same object, when it has ended of itself."""
        await self._accepted(stage, driver, driver.payloads[0])
        stage.service.stopping.set()
        await asyncio.wait({stage.main}, timeout=driver.grace + self.overtime)
        stage.service.status.listeners.clear()
        host = stage.channel.serve(_never)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(host)
            try:
                await stage.until(lambda: stage.listeners or serving.done())
                assert not serving.done(), "serve ended at once when it was called again"
            except TimeoutError:
                pytest.fail("serve did not listen when it was called again on the same object")
            finally:
                serving.cancel()

    # Out

    async def test_a_reply_goes_out_and_the_desk_is_told(self, stage: Stage, driver: Driver, far_end: FarEnd) -> None:
        reply = await self._reply(stage, driver)
        await stage.post(reply)
        receipt = await stage.receipt(reply)
        assert receipt.state in {DeliveryState.SENT, DeliveryState.DELIVERED}, f"a reply came out as {receipt.state}"
        (sent,) = far_end.sent()
        assert reply.text in sent.text, "the far end got another text than the agent wrote"

    async def test_a_reply_sent_twice_is_one_reply_at_the_far_end(
        self, stage: Stage, driver: Driver, far_end: FarEnd
    ) -> None:
        if not stage.channel.repeatable:
            pytest.skip(f"{NOT_DECLARED} repeatable")
        reply = await self._reply(stage, driver)
        for _ in range(2):
            await stage.channel.deliver(reply)
        ids = {each.id for each in far_end.sent()}
        assert len(ids) == 1, f"the same reply sent twice is {len(ids)} replies at the far end; it is not repeatable"

    async def test_a_reply_is_tried_again_while_the_far_end_is_away(
        self, stage: Stage, driver: Driver, far_end: FarEnd
    ) -> None:
        reply = await self._reply(stage, driver)
        far_end.answer_next(Told.TRY_AGAIN)
        error = await error_of(stage, reply)
        assert isinstance(error, Unavailable), (
            f"deliver gave {named(error)} while the far end was away: it has to raise Unavailable"
        )
        error = await error_of(stage, reply)
        assert error is None, f"deliver gave {named(error)} when the far end was back"
        assert len(far_end.sent()) == 1, f"one reply is {len(far_end.sent())} at the far end"

    async def test_a_reply_that_the_far_end_refuses_has_failed_and_the_next_one_goes_out(
        self, stage: Stage, driver: Driver, far_end: FarEnd
    ) -> None:
        refused, next_one = await self._reply(stage, driver), await self._reply(stage, driver, id="r2")
        far_end.answer_next(Told.REFUSED)
        error = await error_of(stage, refused)
        assert isinstance(error, Rejected), (
            f"deliver gave {named(error)} when the far end refused for good: it has to raise Rejected"
        )
        await stage.post(next_one)
        assert (await stage.receipt(next_one)).state is not DeliveryState.FAILED, "the reply after a refused one failed"

    async def test_a_reply_goes_out_whole_or_is_rejected(self, stage: Stage, driver: Driver, far_end: FarEnd) -> None:
        declared = _declared(stage.channel)
        file, data = await kept_file(stage)
        with_file = await self._reply(stage, driver, attachments=(file,))
        error = await error_of(stage, with_file)
        if declared.attachments:
            assert error is None, (
                f"deliver gave {named(error)} for a reply with a file, which the channel declares to carry"
            )
            assert data in far_end.sent()[-1].files, "a file did not reach the far end as it was"
        else:
            assert isinstance(error, Rejected), (
                f"deliver gave {named(error)} for a file that it can't carry: the file is lost"
            )
        if declared.max_text:
            error = await error_of(stage, await self._reply(stage, driver, id="r2", text="a" * (declared.max_text + 1)))
            assert isinstance(error, Rejected), (
                f"deliver gave {named(error)} for a text above max_text: it has to raise Rejected"
            )

    # Kept, and kept secret

    async def test_an_original_read_again_is_the_same_message(self, stage: Stage, driver: Driver) -> None:
        if not _declared(stage.channel).replays:
            pytest.skip(f"{NOT_DECLARED} replays")
        for payload in driver.payloads:
            message = await self._accepted(stage, driver, payload)
            assert message.original is not None, "a channel that replays keeps originals"
            again = await stage.channel.parse_again(message.original, message.native)
            assert (again.id, again.key) == (message.id, message.key), "an original read again has another id"
            assert again.text == message.text, "an original read again has another text"

    async def test_no_secret_and_no_word_of_a_customer_is_shown(
        self, stage: Stage, driver: Driver, capfd: pytest.CaptureFixture[str]
    ) -> None:
        shown = repr(stage.settings)
        assert not [each for each in driver.secrets if each in shown], "repr(settings) shows a secret"
        for payload in (*driver.payloads, *driver.malformed):
            await self._send(stage, driver, payload)
        messages = await stage.stored()
        declared = _declared(stage.channel)
        if declared.delivers_replies and not declared.shows_transcript:
            delivering: Any = driver
            for told in (Told.ACCEPTED, Told.TRY_AGAIN, Told.REFUSED):
                if told is not Told.ACCEPTED:
                    delivering.far_end.answer_next(told)
                await error_of(stage, reply_to(messages[0]))
        said = stage.lines.getvalue() + "".join(capfd.readouterr())
        assert not [each for each in driver.secrets if each in said], "a secret was logged"
        words = {word for each in messages for word in (each.sender.address, each.text) if len(word) > 3}
        assert not [word for word in words if word in said], "an address or the words of a customer were logged"

    async def _send(self, stage: Stage, driver: Driver, payload: bytes) -> Answer:
        try:
            async with asyncio.timeout(self.patience):
                return await driver.send(stage.listeners, payload)
        except (OSError, EOFError, TimeoutError):
            return Answer(Told.NOTHING)

    async def _accepted(self, stage: Stage, driver: Driver, payload: bytes) -> InboundMessage:
        """Send it, and give the message that it became."""
        before = len(stage.gate.passed)
        answer = await self._send(stage, driver, payload)
        assert answer.told is Told.ACCEPTED, f"a good message was answered {answer}"
        messages = [each for each in stage.gate.passed[before:] if isinstance(each, InboundMessage)]
        assert messages, "a sender was told accepted, and nothing was stored"
        return messages[-1]

    async def _in_hand(self, stage: Stage) -> None:
        try:
            await stage.until(stage.gate.entered.is_set)
        except TimeoutError:
            pytest.fail("a good message never came to `receive`")

    async def _reply(self, stage: Stage, driver: Driver, **parts: Any) -> OutboundMessage:
        return reply_to(await self._accepted(stage, driver, driver.payloads[0]), **parts)


def _promises() -> dict[str, Any]:
    return {name: test for name, test in vars(ChannelContract).items() if name.startswith("test_")}


def _declared(channel: Any) -> Capabilities:
    return channel.capabilities if isinstance(channel, DescribesItself) else Capabilities()


async def _unready(stage: Stage) -> str:
    """Why it is not ready, however long one waits; nothing when it is."""
    with suppress(TimeoutError):
        await stage.ready()
    return "; ".join(f"{name}: {reason}" for name, reason in stage.service.health.unready().items())


async def _never(_: Any) -> None:
    raise Unavailable("not in this test")
