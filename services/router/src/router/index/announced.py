"""Which words the log has announced and the transcript has not brought yet.

The log counts a reply before its words stand in the transcript. A reader that asks to see its own
write waits for both. Only young announcements are held: words that never come (they were erased,
and the index is being built again) must keep nobody waiting.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId, MessageId

YOUNG = timedelta(minutes=1)
_MOST = 16_384


class Announced:
    """Held in memory, at most `_MOST`, oldest out first."""

    def __init__(self) -> None:
        self._ids: OrderedDict[MessageId, ContactId] = OrderedDict()
        self._seqs: dict[ContactId, dict[MessageId, int]] = {}

    def add(self, contact: ContactId, words: MessageId, seq: int, stored: datetime, now: datetime) -> None:
        """The commit at log sequence `seq`, stored at `stored`, says that `words` will come."""
        if now - stored > YOUNG:
            return
        self._ids[words] = contact
        self._seqs.setdefault(contact, {})[words] = seq
        if len(self._ids) > _MOST:
            self.arrived(next(iter(self._ids)))

    def arrived(self, words: MessageId) -> None:
        contact = self._ids.pop(words, None)
        if contact is None:
            return
        waiting = self._seqs[contact]
        del waiting[words]
        if not waiting:
            del self._seqs[contact]

    def complete(self, contact: ContactId, seq: int) -> bool:
        """Whether all words of `contact` that the log announces up to `seq` are here."""
        return not any(announced <= seq for announced in self._seqs.get(contact, {}).values())
