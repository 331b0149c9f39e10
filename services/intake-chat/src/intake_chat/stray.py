"""Visitors whose process is gone, and their sockets with it: it told nobody that they went.

A process that is killed can't, and one that stops sends them away and expects them elsewhere. Whoever starts next
gives them the time that every visitor has to come back, then asks after them.
"""

import asyncio
from collections.abc import Callable

from frontline.contract.channel import Host
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId
from frontline.contract.transcript import TranscriptItem
from intake_chat.departure import Departures, Gone, last_words
from intake_chat.token import Visitor

_AT_ONCE = 20
_PAUSE_SECONDS = 5.0


class Strays:
    """`seconds` is how long a visitor may be away; `is_here` whether a contact's visitor has a window open here."""

    def __init__(
        self, seconds: float, host: Host, is_here: Callable[[ContactId], bool], departures: Departures
    ) -> None:
        self._seconds = seconds
        self._host = host
        self._is_here = is_here
        self._departures = departures

    async def ask(self) -> None:
        """Once, after that time. Those who are with another process have it say so."""
        await asyncio.sleep(self._seconds)
        views = self._host.desks.views()
        missed = [contact for view in views for contact in view.contacts if self._is_missed(contact)]
        for at in range(0, len(missed), _AT_ONCE):
            await asyncio.gather(*(self._ask_after(contact) for contact in missed[at : at + _AT_ONCE]))

    async def _ask_after(self, contact: ContactId) -> None:
        item = await self._last_words(contact)
        if item is None or item.author.identity is None or not self._is_missed(contact):
            return  # on the phone, or back by now
        visitor = Visitor(item.author.identity.address, item.inbox)
        await self._departures.missed(Gone(visitor, contact, item.native_id))

    async def _last_words(self, contact: ContactId) -> TranscriptItem | None:
        while True:
            try:
                return await last_words(self._host.conversations, contact)
            except Unavailable:
                await asyncio.sleep(_PAUSE_SECONDS)

    def _is_missed(self, contact: ContactId) -> bool:
        found = self._host.desks.standing(contact)
        return found is not None and found[1].here and not self._is_here(contact)
