from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import pytest

from frontline.contract import subject
from frontline.contract.channel import ATTACHMENTS, ORIGINALS, Inbox
from frontline.contract.codec import decode_inbound, encode
from frontline.contract.ids import ContactId, InboxId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem
from frontline.runtime.bus import Bus
from frontline.runtime.directory import directory_key
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.objects import Objects
from frontline.runtime.signing import Signer
from frontline.runtime.topology import DIRECTORY, KEYS
from intake_email.checking import Checking
from intake_email.normalize import CHANNEL
from intake_email.settings import EmailSettings
from intake_email.taking import Taking
from intake_email.thread import PURPOSE
from tests.integration.cli.command import frontline
from tests.unit.intake_email.test_sign import Quiet

SECRET = "a secret for this test"
SIGNER = Signer(SECRET.encode())
AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
CONTACT = ContactId("c1")
RAW = (
    b"Message-ID: <1@customer.example>\r\nFrom: One <one@customer.example>\r\nTo: support@frontline.example\r\n"
    b'Subject: Leak\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nIt drips.\r\n"
    b'--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n\r\nPDF\r\n--x--\r\n'
)


@dataclass
class Kept:
    """A mail as it was taken in, and how to reach where it lies."""

    bus: Bus
    environ: dict[str, str]
    message: InboundMessage

    async def shown(self, *, revision: int = 0, **view: object) -> None:
        """Have the transcript show it with `view` instead of what it says."""
        message = msgspec.structs.replace(self.message, **view)
        item = TranscriptItem(
            id=message.id,
            contact=CONTACT,
            at=AT,
            kind=ItemKind.MESSAGE,
            direction=Direction.IN,
            author=Author(role="customer", identity=message.sender),
            channel=message.channel,
            inbox=message.inbox,
            native_id=message.native_id,
            subject=message.subject,
            text=message.text,
            reply_text=message.reply_text,
            html=message.html,
            recipients=message.recipients,
            attachments=message.attachments,
            original=message.original,
            automation=message.automation,
            flaw=message.flaw,
            revision=revision,
            native=message.native,
        )
        await self.bus.publish(subject.transcript_public(CONTACT), encode(item))

    async def known(self) -> None:
        """Have the desk know its key, as it does for weeks."""
        value = msgspec.json.encode({"contact": CONTACT, "message": self.message.id})
        await KeyValue(self.bus, KEYS).put(SIGNER.key_hash("key", self.message.key), value)

    async def inbound(self) -> list[InboundMessage | DeliveryReceipt]:
        """What stands on the way to the desk."""
        js = self.bus.nc.jetstream()
        count = (await js.stream_info("INBOX_email")).state.messages
        return [decode_inbound((await js.get_msg("INBOX_email", number + 1)).data or b"") for number in range(count)]


@pytest.fixture
async def kept(provisioned: Bus, nats: EmbeddedServer) -> Kept:
    taken: list[InboundMessage] = []

    async def receive(message: InboundMessage | DeliveryReceipt) -> None:
        assert isinstance(message, InboundMessage)
        taken.append(message)

    entry = Inbox(channel=CHANNEL, inbox=InboxId("support"), desk="support", address="support@frontline.example")
    await KeyValue(provisioned, DIRECTORY).put(directory_key(CHANNEL, entry.inbox), encode(entry))
    sign = partial(SIGNER.sign, f"channel email {PURPOSE}")
    inboxes = {InboxId("support"): ("support@frontline.example",)}
    taking = Taking(Objects(provisioned), sign, lambda: AT, Checking(EmailSettings(), Quiet(), Quiet()))
    await taking.take(RAW, inboxes, receive, return_path="one@customer.example", peer="127.0.0.1")
    return Kept(provisioned, {"FRONTLINE_NATS_URL": nats.url, "FRONTLINE_SECRET": SECRET}, taken[0])


async def test_before_the_router_has_ever_led_it_says_what_is_missing(kept: Kept, tmp_path: Path) -> None:
    await kept.shown(text="It d")
    await KeyValue(kept.bus, DIRECTORY).put(directory_key(CHANNEL, InboxId("support")), b"")
    told = frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ)
    assert told.returncode == 1
    assert "the router writes it when it leads" in told.stderr
    assert "Traceback" not in told.stderr


async def test_a_message_that_reads_differently_today_is_sent_again_under_its_own_id(
    kept: Kept, tmp_path: Path
) -> None:
    await kept.shown(text="It d", flaw="cut", revision=2)
    await kept.known()
    told = frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ)
    assert told.stdout == f"{kept.message.id}  contact c1  changed: text, flaw\n1 changed\n"
    (again,) = await kept.inbound()
    assert encode(again) == encode(msgspec.structs.replace(kept.message, revision=3))


async def test_a_message_that_reads_the_same_is_left_alone(kept: Kept, tmp_path: Path) -> None:
    await kept.shown()
    await kept.known()
    told = frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ)
    assert (told.returncode, told.stdout) == (0, f"{kept.message.id}  contact c1  same\n1 same\n")
    assert await kept.inbound() == []


async def test_a_repeated_replay_goes_by_the_latest_view(kept: Kept, tmp_path: Path) -> None:
    await kept.shown(text="wrong")
    await kept.shown(revision=1)
    await kept.known()
    assert frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ).stdout.endswith("\n1 same\n")


async def test_a_dry_run_changes_nothing(kept: Kept, tmp_path: Path) -> None:
    await kept.shown(text="wrong")
    await kept.known()
    js = kept.bus.nc.jetstream()
    await js.purge_stream(f"OBJ_{ATTACHMENTS}")
    told = frontline("replay", kept.message.id, "--dry-run", cwd=tmp_path, environ=kept.environ)
    assert told.stdout.endswith("changed: text\n1 changed\n")
    assert await kept.inbound() == []
    assert (await js.stream_info(f"OBJ_{ATTACHMENTS}")).state.messages == 0


async def test_a_message_that_the_desk_has_forgotten_makes_no_second_contact(kept: Kept, tmp_path: Path) -> None:
    await kept.shown(text="wrong")
    told = frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ)
    assert told.stdout.endswith("forgotten\n1 forgotten\n")
    assert await kept.inbound() == []


@pytest.mark.parametrize(
    "since, told", [("2026-05-04T12:00", "1 changed"), ("2026-05-04T12:00:01Z", "No such message.")]
)
async def test_all_messages_since_a_time_are_read_again(kept: Kept, tmp_path: Path, since: str, told: str) -> None:
    await kept.shown(text="wrong")
    await kept.known()
    assert frontline("replay", "--since", since, cwd=tmp_path, environ=kept.environ).stdout.splitlines()[-1] == told


async def test_an_original_that_is_gone_is_told_and_fails(kept: Kept, tmp_path: Path) -> None:
    await kept.shown(text="wrong")
    await kept.known()
    await kept.bus.nc.jetstream().purge_stream(f"OBJ_{ORIGINALS}")
    told = frontline("replay", kept.message.id, cwd=tmp_path, environ=kept.environ)
    assert told.returncode == 1
    assert told.stdout.endswith("1 failed\n")


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((), "frontline replay: needs ids of messages, or --since"),
        (("--since", "yesterday"), "--since: 'yesterday' is no ISO 8601 time"),
        (("m-none",), "not every one of these messages is there with its original"),
    ],
)
async def test_a_wrong_call_is_told(kept: Kept, tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    result = frontline("replay", *arguments, cwd=tmp_path, environ=kept.environ)
    assert result.returncode != 0
    assert result.stderr.startswith(told)
