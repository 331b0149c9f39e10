"""How a desk says that something is for another one, and how it looks at what another one has sent on."""

import msgspec

from frontline.contract.ids import ContactId, DeskId, KeyHash
from router.core.command import FoundKey, ReceiveMessage, RecordDelivery, SentOn
from router.core.refusal import Refused
from router.core.state import DeskState
from router.core.trail import HOP_LIMIT

_NONE = KeyHash("")
NOT_HERE_YET = "not_here_yet"


class Elsewhere(Refused):
    """This is for `desk`, as a message for its `contact`, which it named by `key`. `moves` is how often that has
    changed desks when it is there. `final`: that desk decides, wherever the contact is.
    """

    def __init__(
        self, desk: DeskId, contact: ContactId, *, key: KeyHash = _NONE, moves: int = 0, final: bool = False
    ) -> None:
        super().__init__("elsewhere", f"The contact is at desk {desk} now.")
        self.desk = desk
        self.contact = contact
        self.key = key
        self.moves = moves
        self.final = final


def arrived(state: DeskState, contact: ContactId, moves: int) -> bool:
    """Whether the contact has been here since it changed desks so many times."""
    here, gone = state.contacts.get(contact), state.elsewhere.get(contact)
    if contact in state.erased:
        return True
    return (here is not None and here.moves >= moves) or (gone is not None and gone.moves >= moves)


def check_arrival(state: DeskState, sent_on: SentOn | None) -> None:
    """What is sent on behind a contact may be faster than the contact. Raises `Refused` (`NOT_HERE_YET`)."""
    if sent_on is not None and not has_come(state, sent_on):
        raise Refused(NOT_HERE_YET, f"Contact {sent_on.contact} is still on its way.")


def has_come(state: DeskState, sent_on: SentOn) -> bool:
    """Whether the contact has been here that a message was sent on for."""
    return not sent_on.moves or arrived(state, sent_on.contact, sent_on.moves)


def by_way_of(command: ReceiveMessage, sent_on: SentOn, *, come: bool) -> ReceiveMessage:
    """The message as it was sent on. Unless its contact had `come` before the keys were looked up, what the index says
    of the one that it was sent on by may be older than what the desk knew where the contact comes from.
    """
    finds = command.finds
    if not come:
        finds = tuple(
            FoundKey(key=found.key, evidence=found.evidence) if found.key == sent_on.key else found for found in finds
        )
    return msgspec.structs.replace(command, finds=finds, sent_on=sent_on)


def send_on(state: DeskState, command: ReceiveMessage, found: FoundKey, named: ContactId) -> None:
    """A message names a contact that is not here. Raises `Elsewhere` if another desk is known to have it."""
    known = (found.desk, found.moves) if named == found.contact else (None, 0)
    _send_on(state, named, found.key, known, command.sent_on)


def send_receipt_on(state: DeskState, command: RecordDelivery) -> None:
    """The same for what became of a reply."""
    _send_on(state, command.contact, _NONE, (command.desk, command.moves), command.sent_on)


def send_home(state: DeskState, command: ReceiveMessage) -> None:
    """A message that was sent on belongs to no contact here: the desk that had it first goes on with it.
    Raises `Elsewhere` unless this is that desk.
    """
    sent_on = command.sent_on
    if sent_on is not None and sent_on.home != state.desk:
        raise Elsewhere(sent_on.home, sent_on.contact, final=True)


def _send_on(
    state: DeskState, named: ContactId, key: KeyHash, known: tuple[DeskId | None, int], sent_on: SentOn | None
) -> None:
    """`known` is where others know the contact to be, or to be going. On its way here it is waited for where what is
    sent on waits for it: what came in stays what it is, and those behind it do not wait.
    """
    if sent_on is not None and sent_on.hops >= HOP_LIMIT:
        return
    contact = named
    while (merged := state.contacts.get(contact)) is not None and merged.merged_into is not None:
        contact = merged.merged_into
    gone = state.elsewhere.get(contact)
    if gone is not None and gone.desk is not None:
        raise Elsewhere(gone.desk, contact, key=key, moves=gone.moves)
    desk, moves = known
    if gone is not None or desk is None or contact in state.contacts:
        return
    if desk != state.desk or (moves and not arrived(state, contact, moves)):
        raise Elsewhere(desk, contact, key=key, moves=moves)
