"""What ties mails together: Message-IDs, and our own ones, which are signed.

A reply of ours travels as `<reply.signature@domain>`. Who sends such an id back has had our mail;
who makes one up can't sign it, and then it is a Message-ID like any other (which nobody carries).
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Callable, Iterable

from frontline.contract.ids import MessageId
from frontline.contract.message import ThreadEvidence, ThreadKey
from intake_email.header import words

Sign = Callable[[bytes], bytes]
"""HMAC under the key for e-mail threads."""

PURPOSE = "email thread"
REPLY = "reply"
MESSAGE_ID = "message-id"
ANCESTOR = "ancestor"

LONGEST_ID = 990
_MOST_DIRECT = 8
_MOST_AT_EACH_END = 20
_SIGNATURE_LENGTH = 20
"""Letters of base32, 100 bits. Ids that fill a line are encoded by some senders, against the rules."""
_ID = re.compile(r"<([^<>\s]{1,990}+)>")
_BARE = re.compile(r"[^<>\s]{3,990}")
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,200}")


def token_id(reply: MessageId, domain: str, sign: Sign) -> str:
    """The Message-ID of our reply, without brackets; always the same one. `ValueError` for an id that no
    Message-ID can carry.
    """
    if not _SAFE.fullmatch(reply):
        raise ValueError("a reply's id must be letters, digits, hyphens and underscores")
    return f"{reply}.{_signature(reply, sign)}@{domain}"


def reply_of(message_id: str, sign: Sign) -> MessageId | None:
    """Which reply of ours a Message-ID is about, if the signature is right. The domain may have changed since."""
    reply, dot, signature = message_id.partition("@")[0].rpartition(".")
    if not dot or len(signature) != _SIGNATURE_LENGTH or not _SAFE.fullmatch(reply):
        return None
    right = hmac.compare_digest(signature.lower().encode("utf-8", "replace"), _signature(reply, sign).encode())
    return MessageId(reply) if right else None


def _signature(reply: str, sign: Sign) -> str:
    return b32encode(sign(reply.encode())).decode().lower()[:_SIGNATURE_LENGTH]


def message_ids(value: str) -> list[str]:
    """The ids in a field, without brackets, each once; also when the sender encoded them (RFC 2047 forbids it)."""
    return list(dict.fromkeys(_ID.findall(words(value))))


def own_message_id(value: str) -> str:
    """The id that a mail gives itself, "" if it gives none; some senders forget the brackets."""
    value = words(value)
    found = _ID.search(value)
    if found:
        return found[1]
    return value if _BARE.fullmatch(value) else ""


def thread_keys(own: str, in_reply_to: Iterable[str], references: Iterable[str], sign: Sign) -> tuple[ThreadKey, ...]:
    """Everything that finds the contact of a mail, and everything that later mails may find it by.

    A mail that has the id (`message-id`) is stronger than one that mentions it (`ancestor`): two
    answers to a mail that we never saw have only the mention in common, and so does an answer that
    came before its question.
    """
    mentioned = list(dict.fromkeys((*list(in_reply_to)[:_MOST_DIRECT], *_ends(list(references)))))
    mentioned = [message_id for message_id in mentioned if message_id != own]
    tokens = {message_id: reply_of(message_id, sign) for message_id in mentioned}
    foreign = [message_id for message_id, reply in tokens.items() if reply is None]
    keys = [
        ThreadKey(kind=REPLY, value=reply, evidence=ThreadEvidence.TOKEN, binds=False)
        for reply in dict.fromkeys(tokens.values())
        if reply is not None
    ]
    keys += [ThreadKey(kind=MESSAGE_ID, value=each, evidence=ThreadEvidence.REFERENCE, binds=False) for each in foreign]
    keys += [ThreadKey(kind=ANCESTOR, value=each, evidence=ThreadEvidence.ANCESTOR) for each in foreign]
    if own:
        keys.append(ThreadKey(kind=MESSAGE_ID, value=own, evidence=ThreadEvidence.REFERENCE, finds=False))
        keys.append(ThreadKey(kind=ANCESTOR, value=own, evidence=ThreadEvidence.ANCESTOR, binds=False))
    return tuple(keys)


def _ends(ids: list[str]) -> list[str]:
    """The oldest and the newest; a chain can be made as long as a sender likes."""
    return ids if len(ids) <= 2 * _MOST_AT_EACH_END else ids[:_MOST_AT_EACH_END] + ids[-_MOST_AT_EACH_END:]
