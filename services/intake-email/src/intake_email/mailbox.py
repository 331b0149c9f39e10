"""The local mailbox: one `.eml` a mail in a folder, for a first look without a mail server. It sends nothing."""

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from frontline.contract.error import Unavailable
from intake_email.render import Rendered


class LocalMailbox:
    """A `Carrier` that writes files. A file is there whole or not at all; the same mail has the same name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def carry(self, _mail: Rendered, octets: AsyncIterator[bytes], name: str, /) -> str:
        try:
            handle, partial = await asyncio.to_thread(self._begin)
            try:
                with os.fdopen(handle, "wb") as file:
                    async for chunk in octets:
                        await asyncio.to_thread(file.write, chunk)
                    await asyncio.to_thread(_to_disk, file.fileno())
                await asyncio.to_thread(partial.replace, self._folder / f"{name}.eml")
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            raise Unavailable("the local mailbox can't be written", full=full) from error
        return ""

    def _begin(self) -> tuple[int, Path]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
        return handle, Path(partial)


def _to_disk(descriptor: int) -> None:
    os.fsync(descriptor)
