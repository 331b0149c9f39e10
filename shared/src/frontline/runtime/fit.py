"""Makes a message fit on the bus without losing a word: what is cut here is whole in the original.

A message without a kept original is never cut; it is refused, and so stays with its sender.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from frontline.contract.codec import encode
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import InboundMessage

_LEAST = {"text": 4096, "reply_text": 4096, "recipients": 50, "attachments": 50, "thread": 50, "subject": 200}
"""What is cut, in this order, and how much of each is left at least (characters or items)."""


def fit(message: InboundMessage, limit: int) -> tuple[InboundMessage, bytes]:
    """`message` and its encoding in `limit` bytes at most. When something had to be cut, `flaw`
    says what. Raises `Rejected` when it can't be made to fit.
    """
    payload = encode(message)
    if len(payload) <= limit:
        return message, payload
    if message.original is None:
        raise Rejected("larger than a message may be", Reason.TOO_LARGE)
    cut: list[str] = []
    lighter = message
    for lighter, what in _lighter(message):
        if what not in cut:
            cut.append(what)
        payload = encode(_flawed(lighter, message.flaw, cut))
        if len(payload) <= limit:
            return _flawed(lighter, message.flaw, cut), payload
    raise Rejected("larger than a message may be", Reason.TOO_LARGE)


def _lighter(message: InboundMessage) -> Iterator[tuple[InboundMessage, str]]:
    """Ever smaller versions: without HTML first, then each long part halved until little is left."""
    if message.html:
        message = msgspec.structs.replace(message, html="")
        yield message, "html left out"
    for name, least in _LEAST.items():
        part: Any = getattr(message, name)
        while len(part) > least:
            part = part[: max(least, len(part) // 2)]
            message = msgspec.structs.replace(message, **{name: part})
            yield message, f"{name} cut"


def _flawed(message: InboundMessage, flaw: str, cut: list[str]) -> InboundMessage:
    said = f"too large to carry whole, see the original: {', '.join(cut)}"
    return msgspec.structs.replace(message, flaw=f"{flaw}; {said}" if flaw else said)
