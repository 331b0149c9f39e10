"""The same request again: one effect, one answer.

A desk remembers for 24 hours what each request was answered (`Outcome` in its commits), and a print of
what was asked. The id in the answer to a reply or note follows from who asked, the key and the body.
Another request under the same key gives another print than the one remembered, and is refused.
"""

import hashlib
import re
from http import HTTPStatus
from typing import Any

import msgspec

from frontline.contract.ids import ContactId, MessageId
from router.api.call import Call
from router.api.problem import Declined, FieldMistake, Invalid
from router.core.command import DeskCommand
from router.desk.command_port import CommandReply, CommandRequest

HEADER = "Idempotency-Key"

_PRINT = "request"
"""Under this the print stands beside what is answered."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_encode = msgspec.json.Encoder(order="sorted").encode


def checked_key(header: str | None) -> str:
    """The key of a request, empty for none. Raises `Invalid`."""
    if header is None:
        return ""
    if not _KEY.match(header):
        raise Invalid(FieldMistake(HEADER, "must be 1 to 255 visible ASCII characters"))
    return header


def id_for(call: Call[Any, Any], contact: ContactId, prefix: str) -> MessageId:
    """The id of what this request writes: with a key always the same, else one of its own."""
    if not call.key:
        return MessageId(prefix + call.api.mint()[:31])
    body = hashlib.sha256(_encode(call.body)).hexdigest()
    parts = f"{prefix}\x1f{call.who.agent.id}\x1f{contact}\x1f{call.key}\x1f{body}"
    return MessageId(prefix + call.api.signer.sign("api id", parts.encode()).hex()[:31])


def request_of(call: Call[Any, Any]) -> str:
    """What the desk remembers the request by. One without a key gets its own, so that a change of
    leader under way can be waited out.
    """
    if not call.key:
        return f"{call.who.agent.id}:once:{call.api.mint()[:24]}"
    return f"{call.who.agent.id}:{hashlib.sha256(call.key.encode()).hexdigest()[:40]}"


async def ask(call: Call[Any, Any], command: DeskCommand, body: dict[str, Any]) -> CommandReply:
    """Have the desk decide; `body` is what is answered then. Raises `Refused`, `Unavailable`, and
    `Declined` (422) when the key stands for another request.
    """
    told = {**body, _PRINT: _print(call)} if call.key else body
    request = CommandRequest(command=command, request=request_of(call), body=told)
    reply = await call.api.commands.ask(call.who.desk.id, request)
    if reply.body not in (told, body):  # a replica of a former version remembered no print
        raise reused()
    return reply


def _print(call: Call[Any, Any]) -> str:
    """Two requests may be answered alike and mean something else: to whom a contact is handed, say."""
    return hashlib.sha256(call.request.path.encode() + b"\0" + _encode(call.body)).hexdigest()[:16]


def reused() -> Declined:
    detail = f"This {HEADER} was used before, for another request."
    return Declined(HTTPStatus.UNPROCESSABLE_ENTITY, detail, kind="key-reused")
