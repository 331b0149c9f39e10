"""What became of it: every contact with all that was said in it, and what the desk's log holds."""

from collections import Counter

from frontline.contract import subject
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from router.core.event import MessageReceived
from tests.chaos.customers import BEGAN, ENDED
from tests.chaos.ledger import Ledger
from tests.e2e.running import Running
from tests.integration.router_desk.desk import events

Contacts = Counter[tuple[str, tuple[str, ...], tuple[str, ...]]]
"""Channel, the addresses of its customer, and what was said, for each contact. Order is not promised:
what a dead process had in hand is handed out again later."""


def expected(ledger: Ledger) -> Contacts:
    """One contact a customer, with each thing in it once."""
    return Counter((channel, (address,), tuple(sorted(texts))) for (channel, address), texts in ledger.said.items())


async def contacts(running: Running) -> Contacts:
    """As the API has them now."""
    found: Contacts = Counter()
    for contact in await running.contacts():
        addresses = tuple(identity["address"] for identity in contact["customer"]["identities"])
        texts = [
            _said(item["kind"], item["text"])
            for item in await running.items(contact["id"])
            if item["direction"] == "in"
        ]
        found[contact["channel"], addresses, tuple(sorted(texts))] += 1
    return found


def _said(kind: str, text: str) -> str:
    if kind == "call":
        return BEGAN if text == "Phone call." else ENDED
    return text.strip()


async def waiting(bus: Bus, channels: list[str]) -> int:
    """Messages that are stored and not yet decided upon."""
    js = bus.nc.jetstream()
    return sum([(await js.stream_info(subject.inbox_stream(ChannelName(name)))).state.messages for name in channels])


async def decided(bus: Bus) -> int:
    """How many messages the desk's log says were received."""
    return len(await events(bus, MessageReceived))
