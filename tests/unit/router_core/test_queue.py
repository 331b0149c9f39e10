"""A line of those who wait with the same need."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from frontline.contract.ids import ChannelName, ContactId, CustomerId, InboxId
from router.core.contact import Contact
from router.core.need import Need
from router.core.queue import LANES, Line, place_of


def _contact(number: int, lane: str, line: Line) -> Contact:
    return Contact(
        id=ContactId(f"c{number}"),
        channel=ChannelName("email"),
        inbox=InboxId("support"),
        customer=CustomerId("ann"),
        lane=lane,
        line=line,
        arrival=number,
        since=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=number),
    )


@pytest.mark.parametrize("seed", range(10))
def test_a_line_names_the_first_of_those_in_it_however_they_come_and_go(seed: int) -> None:
    """In turn, out of turn, from the front and from the middle, until nobody is left; and all over again."""
    dice, line = Random(seed), Line(Need((), 10))
    contacts: dict[ContactId, Contact] = {}
    waiting: list[Contact] = []
    for number in range(600):
        if dice.random() < (0.7 if number % 200 < 100 else 0.25) or not waiting:
            lane = dice.choice(list(LANES)) if dice.random() < 0.3 else "normal"
            contact = contacts[ContactId(f"c{number}")] = _contact(number, lane, line)
            line.add(contact, contacts)
            waiting.append(contact)
        else:
            gone = min(waiting, key=place_of) if dice.random() < 0.5 else dice.choice(waiting)
            line.remove(gone, contacts)
            waiting.remove(gone)
            if dice.random() < 0.5:  # at once again, elsewhere in it
                gone.front = not gone.front
                line.add(gone, contacts)
                waiting.append(gone)
        assert line.waiting == len(waiting)
        assert line.first == min(map(place_of, waiting), default=None)
