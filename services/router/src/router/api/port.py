"""What the API needs of the rest of the router."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from frontline.contract.ids import DeskId
from frontline.contract.message import ObjectRef
from router.desk.command_port import CommandReply, CommandRequest

Mint = Callable[[], str]
"""Gives 32 or more characters of `[a-z0-9]` that nobody can guess, others each time."""


class Commands(Protocol):
    async def ask(self, desk: DeskId, request: CommandRequest) -> CommandReply:
        """Have the desk's leader decide. Raises `Refused`, `Unavailable`."""
        ...


class Files(Protocol):
    """The object store, as far as the API reads and writes it."""

    async def put(self, bucket: str, name: str, chunks: AsyncIterator[bytes]) -> ObjectRef: ...

    def get(self, ref: ObjectRef) -> AsyncIterator[bytes]: ...
