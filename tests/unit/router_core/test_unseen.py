"""Whoever does not see what they are offered costs a contact the time of the offer, and nothing else."""

from datetime import timedelta

import msgspec

from router.core.desk_settings import InboxSettings, RingSettings
from router.core.event import ContactOffered, OfferTimedOut
from router.core.event_people import AvailabilityChanged
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings
from tests.unit.router_core.live import person

ASKED = InboxSettings(channel=EMAIL, id=SUPPORT, skills=("french",), offer_for=timedelta(seconds=20))
RINGS = (RingSettings(), RingSettings(after=timedelta(minutes=1), skills=False))


def test_rule_2_11_unseen_means_the_next_ring() -> None:
    usual = settings(person("ann", "french"), person("ben"), inboxes=(ASKED,))
    desk = Desk(msgspec.structs.replace(usual, rings=RINGS))
    contact = desk.opens()
    began = desk.now
    assert desk.offer(contact).agent == "ann"
    while not any(offer.agent == "ben" for offer in desk.told(ContactOffered)):
        desk.wait(seconds=1)
        desk.tick()
        assert desk.now - began <= timedelta(minutes=1), "the ring opens by its own time, whoever saw what"
    assert [late.agent for late in desk.told(OfferTimedOut)] == ["ann", "ann"]
    (away,) = desk.told(AvailabilityChanged)
    assert (away.agent, away.reason) == ("ann", "missed_offers"), "told, and asked no more"
    assert desk.offer(contact).agent == "ben"
    assert desk.agrees_with_its_log()
