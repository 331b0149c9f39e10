"""What the read index knows of customers, for the desk's leader in the same process: see `router.desk.eraser`."""

from collections.abc import Collection

from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, CustomerId, DeskId
from router.desk.erasing_moved import Moved
from router.index.read_index import ReadIndex

_WAIT_SECONDS = 5.0


class IndexAcquaintance:
    """`index` is set once it is open; until then nothing is known, which is no answer."""

    def __init__(self) -> None:
        self.index: ReadIndex | None = None

    async def contacts_of(self, desk: DeskId, customer: CustomerId, seq: int) -> Collection[ContactId]:
        index = self._index()
        await index.wait_for(desk, seq, _WAIT_SECONDS)
        return index.read.contacts_of(desk, customer)

    async def same_person(self, customer: CustomerId) -> Collection[CustomerId]:
        return self._index().read.same_person(customer)

    async def erased_of(self, desk: DeskId, customer: CustomerId, seq: int) -> Collection[ContactId]:
        index = self._index()
        await index.wait_for(desk, seq, _WAIT_SECONDS)
        return index.read.erased_of(customer)

    async def moved_of(self, desk: DeskId, contacts: Collection[ContactId], seq: int) -> Moved:
        index = self._index()
        await index.wait_for(desk, seq, _WAIT_SECONDS)
        return index.read.moved_of(contacts)

    def _index(self) -> ReadIndex:
        if self.index is None:
            raise Unavailable("the read index is not open yet")
        return self.index
