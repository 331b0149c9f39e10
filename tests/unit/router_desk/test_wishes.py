"""From what somebody said to how they are told: by ways that lead somewhere."""

from datetime import UTC, datetime

from frontline.configuration.model import Agent, Desk
from frontline.configuration.notify import Notices, Notify
from frontline.contract.ids import AgentId, DeskId, InboxId
from router.desk.wishes import leads_to, quiet_change, wish_of

ALL = Notices(mail=InboxId("support"), sms=InboxId("hotline"), ring=InboxId("hotline"))
ANN = Agent(id=AgentId("ann"), name="Ann", phone="+12025550101")


def desk(notices: Notices = ALL) -> Desk:
    return Desk(id=DeskId("support"), notices=notices)


def test_rule_2_11_a_way_without_an_inbox_or_an_address_is_none() -> None:
    notify = Notify(ways=("push", "mail", "sms", "ring"), mail="ann@people.example")
    assert wish_of(ANN, notify, desk()).ways == ("mail", "ring"), "the browser shows by itself, sms has no number"
    assert wish_of(ANN, notify, desk(Notices(sms=InboxId("hotline")))).ways == ()


def test_rule_2_11_the_phone_that_rings_is_their_own_unless_they_say_another() -> None:
    assert leads_to("ring", ANN, Notify(), desk()) == "+12025550101"
    assert leads_to("ring", ANN, Notify(ring="+12025550177"), desk()) == "+12025550177"
    assert leads_to("sms", ANN, Notify(), desk()) == "", "a text goes where they want it, and nowhere else"


def test_rule_2_11_a_browser_is_told_when_quiet_hours_begin_and_end() -> None:
    notify = Notify(quiet=("mon-fri 20:00-07:00", "sat-sun 00:00-24:00"), zone="Europe/Berlin")
    thursday = datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert quiet_change(notify, thursday) == (False, datetime(2026, 3, 5, 19, tzinfo=UTC))
    friday_night = datetime(2026, 3, 6, 22, tzinfo=UTC)
    assert quiet_change(notify, friday_night) == (True, datetime(2026, 3, 8, 23, tzinfo=UTC)), "over the weekend"
    assert quiet_change(Notify(), thursday) == (False, None)
