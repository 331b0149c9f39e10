"""What a process knows of a desk by following its log, for another desk that has to act on it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, DeskId
from router.core.state import DeskState
from router.desk.fence import Fence
from router.desk.log_store import LogStore


class Last(NamedTuple):
    """Which desk had a contact when it had changed desks `moves` times; none if it was closed there."""

    desk: DeskId | None
    moves: int


class Copied:
    """One desk. What is read here is to be believed once `check` has returned."""

    def __init__(
        self, state: DeskState, fence: Fence, store: LogStore, counted: Callable[[], Awaitable[None]], desk: DeskId
    ) -> None:
        """`fence` is moved on with `state`; `counted` waits until all that `state` has counts. Raises what it likes."""
        self.desk = desk
        self._state = state
        self._fence = fence
        self._store = store
        self._counted = counted

    def last(self, contact: ContactId) -> Last | None:
        here, gone = self._state.contacts.get(contact), self._state.elsewhere.get(contact)
        if here is not None:
            return Last(self.desk, here.moves)
        return None if gone is None else Last(gone.desk, gone.moves)

    def given_to(self, desk: DeskId) -> Mapping[ContactId, int]:
        """What went to `desk` from there, and how often it had changed desks then."""
        return {contact: gone.moves for contact, gone in self._state.elsewhere.items() if gone.desk == desk}

    async def check(self) -> None:
        """Raises `Unavailable` unless the desk's log has all that was read here: it may have lost its end since."""
        await self._counted()
        if self._fence.seq and not await self._store.holds(self._fence.seq, self._fence.mark):
            raise Unavailable(f"the log of desk {self.desk} has lost what is known of it here")


class Neighbour(Protocol):
    """A desk that this process follows."""

    async def read_up(self) -> None:
        """Return once everything is known that the desk's log has had when it was asked. Raises `Unavailable`."""
        ...

    def copied(self) -> Copied:
        """What is known of it. Raises `Unavailable` before anything is."""
        ...
