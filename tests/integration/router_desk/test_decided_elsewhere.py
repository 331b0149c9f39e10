"""A message that another desk has decided comes in here again, before that desk's keys stand in the index."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import msgspec

from frontline.contract.erasure import ERASED
from frontline.contract.ids import ContactId, DeskId, KeyHash
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import KEYS
from router.core.overlay import Placement, Position
from router.core.state import DeskState
from router.desk.holders import Decided, nobody_known
from router.desk.resolve import KnownKey, Resolver
from router.desk.rulebook import Rulebook
from tests.integration.router_desk.between import SALES, SUPPORT, Desks
from tests.integration.router_desk.desk import SIGNER, mail

THERE = ContactId("c1")


def _support(desks: Desks, message: InboundMessage) -> DeskState:
    """What the desk is in as it has decided, and its effects have not come that far."""
    state = desks.state(SUPPORT)
    state.overlay.place(_key(message), Placement(THERE, message.id, "token"), (state.epoch, state.index + 1))
    return state


def _resolver(bus: Bus, decided: Decided) -> Resolver:
    return Resolver(bus, SIGNER, Rulebook((), {}), partial(nobody_known, SALES), decided)


def _key(message: InboundMessage) -> KeyHash:
    return SIGNER.key_hash("key", message.key)


async def test_what_a_desk_has_decided_is_known_to_the_others_before_the_index_has_its_key(provisioned: Bus) -> None:
    message, now = mail("<1@one.example>"), datetime.now(UTC)
    async with Desks(provisioned) as desks:
        _support(desks, message)
        resolver = _resolver(provisioned, desks.holders())
        assert (await resolver.message(message, now)).command.known == THERE
        assert (await resolver.message(mail("<2@one.example>"), now)).command.known is None


async def test_what_was_erased_is_known_to_the_others_and_leads_nowhere(provisioned: Bus) -> None:
    message = mail("<1@one.example>")
    async with Desks(provisioned) as desks:
        _support(desks, message).erased.add(THERE)
        resolver = _resolver(provisioned, desks.holders())
        assert (await resolver.message(message, datetime.now(UTC))).command.known == ERASED


class Leaving:
    """A desk that leaves its key to the index while it is looked up: its floor is raised behind the look."""

    def __init__(self, bus: Bus, message: InboundMessage) -> None:
        self._bus = bus
        self._message = message
        self._floor = 0
        self._putting: asyncio.Task[int] | None = None

    async def placed(self, _: KeyHash) -> None:
        """It has left it already."""
        if self._putting is None:
            known = msgspec.json.encode(KnownKey(contact=THERE, message=self._message.id))
            self._putting = asyncio.create_task(KeyValue(self._bus, KEYS).put(_key(self._message), known))

    def floors(self) -> Mapping[DeskId, Position]:
        if self._putting is not None and not self._putting.done():
            self._floor += 1
        return {SUPPORT: (1, self._floor)}


async def test_a_key_that_goes_to_the_index_while_it_is_looked_up_is_not_missed(provisioned: Bus) -> None:
    message = mail("<1@one.example>")
    resolver = _resolver(provisioned, Leaving(provisioned, message))
    assert (await resolver.message(message, datetime.now(UTC))).command.known == THERE
