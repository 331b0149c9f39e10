"""Content of commands, stored before the command is decided: the log itself names ids only."""

from frontline.contract.codec import EnvelopeDecoder
from frontline.contract.message import Envelope, OutboundMessage
from frontline.contract.transcript import TranscriptItem


class Draft(Envelope, frozen=True, kw_only=True, tag="draft"):
    """A transcript item to be, and for a reply the message to be delivered."""

    item: TranscriptItem
    outbound: OutboundMessage | None = None


decode_draft: EnvelopeDecoder[Draft] = EnvelopeDecoder(Draft)
