"""Whether a leader still leads, for what must not be done by one that does not know yet that another has followed."""

from frontline.contract import subject
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.reader import last_on
from router.core.commit import decode_commit
from router.desk.log import Deposed


async def check_leads(bus: Bus, desk: DeskId, epoch: int) -> None:
    """The last record of the log is of the epoch in force: nobody else's is ever stored behind it. Raises
    `Unavailable`, and `Deposed` if that is not `epoch`: what was seen before this returns, no later leader has done.
    """
    last = await last_on(bus, subject.desk_stream(desk), subject.desk_all(desk))
    if last is None:
        raise Unavailable(f"the log of desk {desk} has no end")
    in_force = last.seq if last.subject == subject.desk_epoch(desk) else decode_commit(last.data).epoch
    if in_force != epoch:
        raise Deposed
