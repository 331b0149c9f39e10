"""Which records of a desk's log count. The same rule for every reader, in one place (ADR 7).

1. An epoch record begins an epoch; its stream sequence is the epoch's number.
2. A commit counts if it is of the epoch in force and its index is the next one.
3. Everything else is dropped: a zombie's commit of an old epoch, a late copy (its index has been
   counted), and what follows a gap (a pipelined commit whose predecessor was refused).
"""

from dataclasses import dataclass
from datetime import datetime

from frontline.runtime.reader import Stored
from router.core.commit import Commit, EpochRecord, decode_commit, decode_epoch


@dataclass(frozen=True, slots=True)
class Counted:
    """A commit that counts, the stream sequence where it stands, and when the server stored it."""

    seq: int
    commit: Commit
    at: datetime


@dataclass(frozen=True, slots=True)
class EpochBegan:
    """A leader announced itself; `seq` is the epoch."""

    seq: int
    record: EpochRecord
    at: datetime


Record = Counted | EpochBegan


class Fence:
    """A reader's place in the log: the sequence seen last, the epoch in force, the index counted last."""

    __slots__ = ("epoch", "index", "seq")

    def __init__(self, seq: int = 0, epoch: int = 0, index: int = 0) -> None:
        self.seq = seq
        self.epoch = epoch
        self.index = index

    def admit(self, stored: Stored) -> Record | None:
        """What `stored` is to a reader at this place, `None` if it does not count. Moves the place on.

        Raises `msgspec.DecodeError` for a record that this code can't read: it may not lead then.
        """
        if stored.subject.endswith(".epoch"):
            record = decode_epoch(stored.data)
            self.seq, self.epoch, self.index = stored.seq, stored.seq, 0
            return EpochBegan(stored.seq, record, stored.at)
        commit = decode_commit(stored.data)
        self.seq = stored.seq
        if commit.epoch != self.epoch or commit.index != self.index + 1:
            return None
        self.index = commit.index
        return Counted(stored.seq, commit, stored.at)
