"""Which inboxes a desk has in hand, as its log says."""

from collections.abc import Iterable

from frontline.contract.ids import ChannelName, InboxId

InboxKey = tuple[ChannelName, InboxId]


class Holdings:
    """`taken` are those that the desk has, `released` those that it had and gave up; each with the version
    of the settings that said so.
    """

    __slots__ = ("released", "taken")

    def __init__(
        self, taken: Iterable[tuple[InboxKey, int]] = (), released: Iterable[tuple[InboxKey, int]] = ()
    ) -> None:
        self.taken: dict[InboxKey, int] = dict(taken)
        self.released: dict[InboxKey, int] = dict(released)

    def has(self, inbox: InboxKey) -> bool:
        """Whether what comes in there may be decided here, if the settings name it. A log that was begun before desks
        said what they take says nothing: then all that the settings name is theirs.
        """
        return inbox in self.taken or not (self.taken or self.released)

    def take(self, inbox: InboxKey, version: int) -> None:
        self.released.pop(inbox, None)
        self.taken[inbox] = version

    def release(self, inbox: InboxKey, version: int) -> None:
        self.taken.pop(inbox, None)
        self.released[inbox] = version
