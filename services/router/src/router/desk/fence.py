"""Which records of a desk's log count. The same rule for every reader, in one place (ADR 7).

1. An epoch record begins an epoch; its stream sequence is the epoch's number.
2. A commit counts if it is of the epoch in force and its index is the next one.
3. Everything else is dropped: a zombie's commit of an old epoch, a late copy (its index has been
   counted), and what follows a gap (a pipelined commit whose predecessor was refused).
"""

import hashlib
from datetime import datetime

import msgspec

from frontline.runtime.reader import Stored
from router.core.commit import Commit, EpochRecord, decode_commit, decode_epoch


class Counted(msgspec.Struct, frozen=True):
    """A commit that counts, the stream sequence where it stands, and when the server stored it."""

    seq: int
    commit: Commit
    at: datetime


class EpochBegan(msgspec.Struct, frozen=True):
    """A leader announced itself; `seq` is the epoch."""

    seq: int
    record: EpochRecord
    at: datetime


Record = Counted | EpochBegan

_MARK_BYTES = 8


def mark_of(data: bytes) -> str:
    """What tells a record from any other that may come to lie in its place, once a log has lost its end. No
    two are alike: each says when it was decided or announced.
    """
    return hashlib.blake2b(data, digest_size=_MARK_BYTES).hexdigest()


class Fence:
    """A reader's place in the log: the sequence seen last, the epoch in force, the index counted last."""

    __slots__ = ("_data", "_mark", "epoch", "index", "seq")

    def __init__(self, seq: int = 0, epoch: int = 0, index: int = 0, mark: str = "") -> None:
        self.seq = seq
        self.epoch = epoch
        self.index = index
        self._mark = mark
        self._data: bytes | None = None

    @property
    def mark(self) -> str:
        """Of the record at `seq`; empty if that is not known."""
        return self._mark if self._data is None else mark_of(self._data)

    def copy(self) -> "Fence":
        other = Fence(self.seq, self.epoch, self.index, self._mark)
        other._data = self._data
        return other

    def counted(self, seq: int, index: int, data: bytes) -> None:
        """The writer's own commit counts: known without reading it."""
        self.seq, self.index, self._data = seq, index, data

    def admit(self, stored: Stored) -> Record | None:
        """What `stored` is to a reader at this place, `None` if it does not count. Moves the place on.

        Raises `msgspec.DecodeError` for a record that this code can't read: it may not lead then.
        """
        if stored.subject.endswith(".epoch"):
            record = decode_epoch(stored.data)
            self.seq, self.epoch, self.index, self._data = stored.seq, stored.seq, 0, stored.data
            return EpochBegan(stored.seq, record, stored.at)
        commit = decode_commit(stored.data)
        self.seq, self._data = stored.seq, stored.data
        if commit.epoch != self.epoch or commit.index != self.index + 1:
            return None
        self.index = commit.index
        return Counted(stored.seq, commit, stored.at)
