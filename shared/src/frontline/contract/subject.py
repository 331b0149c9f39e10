"""Every subject and key name in the system, built in one place and safe by construction."""

import re

from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName, ContactId, DeskId, InboxId

_TOKEN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")


def is_token(text: str) -> bool:
    """Whether `text` may name a desk, inbox, channel or service (`[a-z0-9-]+`, 63 at most)."""
    return _TOKEN.match(text) is not None


def _token(text: str) -> str:
    if not is_token(text):
        raise Rejected(f"{text!r} is not a name: lower-case letters, digits and hyphens only", Reason.MALFORMED)
    return text


def inbound(channel: ChannelName, inbox: InboxId) -> str:
    return f"inbound.{_token(channel)}.{_token(inbox)}"


def inbound_all(channel: ChannelName) -> str:
    return f"inbound.{_token(channel)}.>"


def outbound(channel: ChannelName, inbox: InboxId) -> str:
    return f"outbound.{_token(channel)}.{_token(inbox)}"


def outbound_all(channel: ChannelName) -> str:
    return f"outbound.{_token(channel)}.>"


def desk_epoch(desk: DeskId) -> str:
    return f"desk.{_token(desk)}.epoch"


def desk_log(desk: DeskId) -> str:
    return f"desk.{_token(desk)}.log"


def desk_tail(desk: DeskId) -> str:
    """Where a desk's log is republished once stored; a nudge to read, for `desk/log.py` only."""
    return f"tail.{_token(desk)}.*"


def command(desk: DeskId, epoch: int) -> str:
    return f"command.{_token(desk)}.{epoch}"


def event(desk: DeskId, kind: str) -> str:
    return f"event.{_token(desk)}.{kind}"


def draft(desk: DeskId) -> str:
    return f"draft.{_token(desk)}"


def transcript_public(contact: ContactId) -> str:
    return f"transcript.{contact}.pub"


def transcript_internal(contact: ContactId) -> str:
    return f"transcript.{contact}.int"


def transcript_all(contact: ContactId) -> str:
    return f"transcript.{contact}.*"


def live_public(contact: ContactId) -> str:
    return f"live.{contact}.pub"


def public_copy(contact: ContactId) -> str:
    """Where the public lines are republished once they are in the copy that intakes may read."""
    return f"public.{contact}"


def live_internal(contact: ContactId) -> str:
    return f"live.{contact}.int"


def parked(service: str, reason: str) -> str:
    return f"parked.{_token(service)}.{_token(reason)}"


def parked_all() -> str:
    return "parked.>"


def signal(channel: ChannelName, inbox: InboxId) -> str:
    return f"signal.{_token(channel)}.{_token(inbox)}"


def inbox_stream(channel: ChannelName) -> str:
    return f"INBOX_{_token(channel)}"


def desk_stream(desk: DeskId) -> str:
    return f"DESK_{_token(desk)}"


def desk_consumer(desk: DeskId) -> str:
    """The durable consumer of a desk on each channel's inbox stream."""
    return f"desk-{_token(desk)}"


def transfer(desk: DeskId) -> str:
    """What other desks say to this one about contacts that go from one to another."""
    return f"transfer.{_token(desk)}"


def forward(desk: DeskId) -> str:
    """What other desks send on to this one: messages for contacts that are here."""
    return f"forward.{_token(desk)}"


def forward_consumer(desk: DeskId) -> str:
    return f"forward-{_token(desk)}"


def delivery_consumer(channel: ChannelName) -> str:
    return f"deliver-{_token(channel)}"


def desk_all(desk: DeskId) -> str:
    return f"desk.{_token(desk)}.*"


def transcripts() -> str:
    """Every line of every contact."""
    return "transcript.>"


def outbound_every() -> str:
    """Every reply to be delivered, of all channels."""
    return "outbound.>"


def live() -> str:
    """Where all of them are republished once stored."""
    return "live.>"


def events() -> str:
    """Every decided event of every desk."""
    return "event.>"


def signal_all(channel: ChannelName) -> str:
    return f"signal.{_token(channel)}.*"
