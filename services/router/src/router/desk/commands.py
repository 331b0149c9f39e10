"""The way of a command from any replica to whoever leads the desk now."""

import asyncio
from collections.abc import Mapping

from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.refusal import Refused
from router.desk.command_port import CommandReply, CommandRequest, ask
from router.desk.replica import Replica

_TRIES = 4
_PAUSE_SECONDS = 0.25


class DeskCommands:
    """Asks the leader of the epoch that this replica has seen; a change of leader is waited out
    only for requests that carry an idempotency key, since the first try may have been decided.
    """

    def __init__(self, bus: Bus, replicas: Mapping[DeskId, Replica]) -> None:
        self._bus = bus
        self._replicas = replicas

    async def ask(self, desk: DeskId, request: CommandRequest) -> CommandReply:
        """Raises `Refused`, `Unavailable`."""
        replica = self._replicas.get(desk)
        if replica is None:
            raise Refused("not_found", f"there is no desk {desk!r} here")
        tries = _TRIES if request.request else 1
        for left in reversed(range(tries)):
            epoch = replica.epoch
            try:
                if epoch == 0:
                    raise Unavailable("the desk has no leader yet", retry_after=1)
                return await ask(self._bus, desk, epoch, request)
            except Unavailable:
                if left == 0 or not self._bus.connected:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("unreachable")
