"""Which desk has a contact, as far as a process knows that follows all of them."""

from collections.abc import Callable

from frontline.contract.ids import ContactId, DeskId

HolderOf = Callable[[ContactId], DeskId | None]


def nobody_known(_: ContactId) -> None:
    """For a process that follows one desk only."""
