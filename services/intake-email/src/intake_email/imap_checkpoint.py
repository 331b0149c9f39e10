"""Which mails of a folder were taken in: noted by UID, and by what each mail is, for the day on which its UIDs change.

Under `imap.<mailbox>.<folder>` lies a head: the UIDVALIDITY that UIDs are noted under, and former ones
until everything has been looked at again. Under `<head>.<validity>.<page>` lie pages of 1,024 UIDs: ten
octets for each that is settled, the low bits of the UID and an `identity`. A hundred thousand mails
are one megabyte.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from frontline.contract.channel import Checkpoints
from frontline.contract.error import Unavailable
from frontline.contract.message import InboundMessage

_PAGE = 1024
_IDENTITY = 8
_ENTRY = 2 + _IDENTITY
_TRIES = 20

_Page = dict[int, bytes]


class _Head(msgspec.Struct):
    validity: int
    pages: int = 0
    """How many pages there may be; some in between may be missing."""
    past: list[tuple[int, int]] = []
    """Former validities with their pages, whose mails may lie here still."""


def identity(native_id: str, digest: str) -> bytes:
    """What makes a mail this mail, whatever its UID and its inbox."""
    return hashlib.sha256(f"{native_id} {digest}".encode()).digest()[:_IDENTITY]


def identity_of(message: InboundMessage) -> bytes:
    return identity(message.native_id, str(message.native.get("digest", "")))


class Checkpoint:
    """Of one folder. Two processes may note at the same time: nothing that either has noted is lost."""

    def __init__(self, checkpoints: Checkpoints, mailbox: str, folder: str) -> None:
        self._checkpoints = checkpoints
        self._key = f"imap.{mailbox}.{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
        self._head = _Head(0)
        self._revision = 0
        self._former: frozenset[bytes] = frozenset()
        self._cached: tuple[int, int, _Page] = (-1, 0, {})

    @property
    def renumbered(self) -> bool:
        """Whether mails that were taken in under other UIDs may lie here."""
        return bool(self._head.past)

    async def open(self, validity: int) -> None:
        """Begin, or go on; another validity than before makes all UIDs new. `Unavailable` if it can't be told now."""
        for _ in range(_TRIES):
            await self._read_head()
            if self._head.validity == validity:
                break
            past = list(self._head.past)
            if self._head.validity:
                past.append((self._head.validity, self._head.pages))
            if await self._write_head(_Head(validity, 0, past)):
                break
        else:
            raise Unavailable("others note at the same time")
        self._cached = (-1, 0, {})
        self._former = frozenset(await self._identities(self._head.past))

    def knows(self, mail: bytes) -> bool:
        """Whether the mail of this identity was taken in under a former UID."""
        return mail in self._former

    async def unsettled(self, uids: Iterable[int]) -> list[int]:
        """Those of `uids`, in ascending order, that were not noted."""
        found = []
        for uid in uids:
            number, low = divmod(uid, _PAGE)
            if self._cached[0] != number:
                self._cached = (number, *await self._page(self._head.validity, number))
            if low not in self._cached[2]:
                found.append(uid)
        return found

    async def note(self, settled: Mapping[int, bytes]) -> None:
        """These UIDs, with their identities, are taken in. Returns once that is stored."""
        pages: dict[int, _Page] = {}
        for uid, mail in settled.items():
            pages.setdefault(uid // _PAGE, {})[uid % _PAGE] = mail
        if pages:
            await self._reach(max(pages) + 1)
        for number, entries in pages.items():
            await self._merge(number, entries)

    async def looked_at_all(self) -> None:
        """Every mail that lies here is noted under its present UID: forget the former ones."""
        if not self._head.past:
            return
        for validity, pages in self._head.past:
            for number in range(pages):
                _, page = await self._page(validity, number)
                if page:
                    await self._checkpoints.put(self._page_key(validity, number), b"")
        if await self._write_head(_Head(self._head.validity, self._head.pages)):
            self._former = frozenset()

    async def _merge(self, number: int, entries: _Page) -> None:
        key = self._page_key(self._head.validity, number)
        for _ in range(_TRIES):
            if self._cached[0] != number:
                self._cached = (number, *await self._page(self._head.validity, number))
            _, revision, before = self._cached
            page = {**before, **entries}
            written = await self._checkpoints.put(key, _packed(page), revision)
            if written is not None:
                self._cached = (number, written, page)
                return
            self._cached = (-1, 0, {})
        raise Unavailable("others note at the same time")

    async def _page(self, validity: int, number: int) -> tuple[int, _Page]:
        mark = await self._checkpoints.get(self._page_key(validity, number))
        if mark is None:
            return 0, {}
        return mark.revision, _unpacked(mark.value)

    async def _identities(self, past: Sequence[tuple[int, int]]) -> set[bytes]:
        found: set[bytes] = set()
        for validity, pages in past:
            for number in range(pages):
                _, page = await self._page(validity, number)
                found.update(page.values())
        return found

    async def _reach(self, pages: int) -> None:
        """Written before the page is, so that no page is ever forgotten."""
        for _ in range(_TRIES):
            if self._head.pages >= pages:
                return
            head = self._head
            if not await self._write_head(_Head(head.validity, pages, head.past)):
                await self._read_head()
                if self._head.validity != head.validity:
                    raise Unavailable("the folder was numbered anew meanwhile")
        raise Unavailable("others note at the same time")

    async def _read_head(self) -> None:
        mark = await self._checkpoints.get(self._key)
        if mark is None:
            self._head, self._revision = _Head(0), 0
        else:
            self._head, self._revision = msgspec.json.decode(mark.value, type=_Head), mark.revision

    async def _write_head(self, head: _Head) -> bool:
        written = await self._checkpoints.put(self._key, msgspec.json.encode(head), self._revision)
        if written is None:
            return False
        self._head, self._revision = head, written
        return True

    def _page_key(self, validity: int, number: int) -> str:
        return f"{self._key}.{validity}.{number}"


def _packed(page: _Page) -> bytes:
    return b"".join(low.to_bytes(2, "big") + mail for low, mail in sorted(page.items()))


def _unpacked(value: bytes) -> _Page:
    return {
        int.from_bytes(value[at : at + 2], "big"): value[at + 2 : at + _ENTRY] for at in range(0, len(value), _ENTRY)
    }
