"""What ties mails together: Message-IDs, and our own tokens, which are signed.

A reply of ours travels as `<reply.signature@domain>`, and may ask to be answered at
`inbox+reply.signature@domain`. Who sends either back has had our mail; who makes one up can't sign
it, and then it is a Message-ID like any other (which nobody carries).
"""

import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Iterable

from frontline.contract.ids import MessageId
from frontline.contract.message import ThreadEvidence, ThreadKey
from intake_email.header import words
from intake_email.keyring import Sign as Sign  # noqa: PLC0414 - the kind of an argument here, read from here
from intake_email.keyring import signatures

PURPOSE = "email thread"
REPLY = "reply"
MESSAGE_ID = "message-id"
ANCESTOR = "ancestor"
NAMED = "named"

LONGEST_LOCAL = 64
"""Octets before the @ (RFC 5321, 4.5.3.1.1)."""

# All keys of a mail are 48 at most: so many does a desk look up.
_MOST_MENTIONED = 16
_MOST_DIRECT = 4
_OLDEST = 4
_MOST_NAMED = 8
_MOST_NAMED_IN = 3
_SIGNATURE_LENGTH = 20
"""Letters of base32, 100 bits. Ids that fill a line are encoded by some senders, against the rules."""
_COMPACT_LENGTH = 26
_ID = re.compile(r"<([^<>\s]{1,990}+)>")
_BARE = re.compile(r"[^<>\s]{3,990}")
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_USUAL = re.compile(r"r[0-9a-f]{31}")


def token_id(reply: MessageId, domain: str, sign: Sign) -> str:
    """The Message-ID of our reply, without brackets; always the same one. `ValueError` for an id that no
    Message-ID can carry.
    """
    if not _SAFE.fullmatch(reply):
        raise ValueError("a reply's id must be letters, digits, hyphens and underscores")
    return f"{reply}.{_written(sign(reply.encode()))}@{domain}"


def reply_of(message_id: str, sign: Sign) -> MessageId | None:
    """Which reply of ours a Message-ID is about, if the signature is right. The domain may have changed since."""
    reply, dot, signature = message_id.partition("@")[0].rpartition(".")
    if not dot or len(signature) != _SIGNATURE_LENGTH or not _SAFE.fullmatch(reply):
        return None
    return MessageId(reply) if _right(reply, signature, sign) else None


def reply_address(inbox: str, reply: MessageId, sign: Sign) -> str | None:
    """Where an answer to our reply may be sent so that it is known by its address alone, whatever became of
    its Message-ID on the way. `None` where it would be longer than an address may be.
    """
    local, _, domain = inbox.rpartition("@")
    short = _compact(reply)
    if not _SAFE.fullmatch(reply) or _expanded(short.lower()) != reply:
        return None
    address = f"{local}+{short}.{_written(sign(reply.encode()))}"
    return f"{address}@{domain}" if len(address.encode()) <= LONGEST_LOCAL else None


def reply_of_address(address: str, sign: Sign) -> MessageId | None:
    """Which reply of ours was to be answered at this address, if the signature is right."""
    token = address.rpartition("@")[0].partition("+")[2].lower()
    short, dot, signature = token.rpartition(".")
    if not dot or len(signature) != _SIGNATURE_LENGTH or not _SAFE.fullmatch(short):
        return None
    reply = _expanded(short)
    return MessageId(reply) if _right(reply, signature, sign) else None


def _right(reply: str, signature: str, sign: Sign) -> bool:
    given = signature.lower().encode("utf-8", "replace")
    return any(hmac.compare_digest(given, _written(each).encode()) for each in signatures(sign, reply.encode()))


def _written(signature: bytes) -> str:
    return b32encode(signature).decode().lower()[:_SIGNATURE_LENGTH]


def _compact(reply: str) -> str:
    """Our usual ids in fewer letters: an address is short."""
    return b32encode(bytes.fromhex("0" + reply[1:])).decode().rstrip("=").lower() if _USUAL.fullmatch(reply) else reply


def _expanded(short: str) -> str:
    if len(short) != _COMPACT_LENGTH:
        return short
    try:
        return "r" + b32decode(short.upper() + "=" * 6).hex()[1:]
    except ValueError:
        return short


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


def thread_keys(
    own: str,
    in_reply_to: Iterable[str],
    references: Iterable[str],
    sign: Sign,
    *,
    sender: str = "",
    to: Iterable[str] = (),
    forwards: bool = False,
) -> tuple[ThreadKey, ...]:
    """Everything that finds the contact of a mail, and everything that later mails may find it by.

    A mail that has the id (`message-id`) is stronger than one that mentions it (`ancestor`): two
    answers to a mail that we never saw have only the mention in common, and so does an answer that
    came before its question. Whom a mail names (`to`) may answer it, and is found so (`named`).
    A mail that hands another one on (`forwards`) is no answer: it proves nothing, and names nobody's
    ancestor.
    """
    to = list(dict.fromkeys(to))
    tokens, foreign = _mentioned(own, list(in_reply_to), list(references), sign)
    named = [reply_of_address(address, sign) for address in to[:_MOST_MENTIONED] if "+" in address]
    keys: list[ThreadKey] = []
    for reply in dict.fromkeys((*named, *tokens)):
        if reply is not None:
            keys.append(_finds(REPLY, reply, ThreadEvidence.TOKEN, forwards=forwards))
    if own:
        keys.append(ThreadKey(kind=MESSAGE_ID, value=own, evidence=ThreadEvidence.REFERENCE, finds=False))
        keys.append(ThreadKey(kind=ANCESTOR, value=own, evidence=ThreadEvidence.ANCESTOR, binds=False))
        others = [address for address in to if address != sender and "+" not in address]
        keys += [_named(own, address, finds=False) for address in others[:_MOST_NAMED]]
    if not foreign:
        return tuple(keys)
    if sender and not forwards:
        keys += [_named(each, sender, binds=False) for each in foreign[:_MOST_NAMED_IN]]
    keys += [_finds(MESSAGE_ID, each, ThreadEvidence.REFERENCE, forwards=forwards) for each in foreign]
    if not forwards:
        keys += [ThreadKey(kind=ANCESTOR, value=each, evidence=ThreadEvidence.ANCESTOR) for each in foreign]
    return tuple(keys)


def _finds(kind: str, value: str, evidence: ThreadEvidence, *, forwards: bool) -> ThreadKey:
    evidence = ThreadEvidence.FORWARD if forwards else evidence
    return ThreadKey(kind=kind, value=value, evidence=evidence, binds=False)


def _named(message_id: str, address: str, *, finds: bool = True, binds: bool = True) -> ThreadKey:
    value = f"{message_id} {address}"
    return ThreadKey(kind=NAMED, value=value, evidence=ThreadEvidence.NAMED, finds=finds, binds=binds)


def _mentioned(own: str, direct: list[str], references: list[str], sign: Sign) -> tuple[list[MessageId], list[str]]:
    """Our replies and the others' mails that are answered, nearest first; a chain can be made as long as a
    sender likes, of which the newest and the oldest say most.
    """
    if not direct and not references:
        return [], []
    mentioned = dict.fromkeys((*direct[:_MOST_DIRECT], *reversed(references)))
    mentioned.pop(own, None)
    ids = list(mentioned)
    if len(ids) > _MOST_MENTIONED:
        ids = ids[: _MOST_MENTIONED - _OLDEST] + ids[-_OLDEST:]
    tokens = {message_id: reply_of(message_id, sign) for message_id in ids}
    replies = [reply for reply in tokens.values() if reply is not None]
    return replies, [message_id for message_id, reply in tokens.items() if reply is None]
