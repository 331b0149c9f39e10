"""Recordings and pictures from Twilio into the object store: fetched with our credentials, again and
again while they are not there yet.
"""

import asyncio
from collections.abc import Sequence

from frontline.contract.channel import Log, Meter, ObjectWriter
from frontline.contract.error import Rejected
from frontline.contract.message import ObjectRef
from intake_phone.rest import Missing, Rest


class Media:
    """`pauses` are the waits before each further attempt, in seconds."""

    def __init__(
        self, rest: Rest, objects: ObjectWriter, pauses: Sequence[float], most: int, log: Log, meter: Meter
    ) -> None:
        self._rest = rest
        self._objects = objects
        self._pauses = pauses
        self._most = most
        self._log = log
        self._meter = meter

    async def keep(self, url: str, bucket: str, name: str) -> ObjectRef | None:
        """Where the file is kept; `None` when it can't be had, however often it is asked for. The message that
        it belongs to is worth more than the file. `Unavailable` when it can't be stored.
        """
        for pause in (*self._pauses, None):
            try:
                return await self._objects.put(bucket, name, self._rest.media(url, self._most))
            except Rejected as error:
                self._log.error("phone.media_refused", object=name, reason=error.reason)
                break
            except Missing:
                self._meter.count("media_attempts_failed")
            if pause is not None:
                await asyncio.sleep(pause)
        self._meter.count("media_lost")
        self._log.error("phone.media_lost", object=name)
        return None
