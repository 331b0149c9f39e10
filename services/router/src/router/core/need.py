"""What somebody must have to take a contact: those who need the same wait in one line."""

import msgspec

from frontline.contract.ids import AgentId


class Need(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`skills` are sorted and distinct, `cost` is in units of capacity, `live` says that somebody is at
    the other end. `off_duty` is a ring that is open to those who are not on duty, too; `only` one that
    is open to this agent and nobody else.
    """

    skills: tuple[str, ...]
    cost: int
    live: bool = False
    off_duty: bool = False
    only: AgentId | None = None
