"""What the desk's leader asks of a read index when it erases somebody."""

from collections.abc import Collection

from frontline.contract.ids import ContactId, CustomerId, DeskId
from router.desk.erasing_moved import Moved
from tests.simulation.desk.shown import Shown


class Known:
    """An index that has read everything whenever it is asked."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    async def contacts_of(self, desk: DeskId, customer: CustomerId, _seq: int) -> Collection[ContactId]:
        self._shown.catch_up()
        return self._shown.read.contacts_of(desk, customer)

    async def same_person(self, customer: CustomerId) -> Collection[CustomerId]:
        return self._shown.read.same_person(customer)

    async def erased_of(self, _desk: DeskId, customer: CustomerId, _seq: int) -> Collection[ContactId]:
        self._shown.catch_up()
        return self._shown.read.erased_of(customer)

    async def moved_of(self, _desk: DeskId, contacts: Collection[ContactId], _seq: int) -> Moved:
        self._shown.catch_up()
        return self._shown.read.moved_of(contacts)
