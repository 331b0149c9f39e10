"""A desk tells its agents where they are: what is sent to whom, once, and that nothing waits for it."""

from contextlib import aclosing
from datetime import timedelta

import msgspec
import pytest

from frontline.configuration.model import Agent, Configuration, Inbox
from frontline.configuration.notify import Notices, Notify
from frontline.contract.codec import decode_outbound, encode
from frontline.contract.ids import AgentId, ChannelName, InboxId
from frontline.contract.message import OutboundKind, OutboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import OUTBOX, PROGRESS
from router.core.contact import Contact
from router.core.event import AlarmRaised, ContactAssigned, ContactOffered, OfferTimedOut
from router.core.news import News
from router.core.reach import Bundle, Kept
from router.desk import reaching
from router.desk.effects import Place
from router.desk.notice_text import sentence
from router.desk.preferences import Preferences
from tests.integration.router_desk.desk import (
    AGENT,
    CONFIGURATION,
    EMAIL,
    INBOX,
    LIVE,
    commits,
    desk_on,
    events,
    mail,
    send_in,
    until,
)

HOTLINE = InboxId("hotline")
PHONE = ChannelName("phone")
SECOND = AgentId("agent-2")
ADDRESS = "one@people.example"
BY_MAIL = Notify(ways=("mail",), mail=ADDRESS)
CONSOLE = "https://desk.example"


def telling(
    notify: Notify = BY_MAIL,
    *others: Agent,
    notices: Notices = Notices(mail=INBOX, sms=HOTLINE, ring=HOTLINE, every=timedelta(0)),  # noqa: B008 - frozen
    **desk: object,
) -> Configuration:
    """The usual desk with a number of its own, and its agent told as `notify` says."""
    (support,) = CONFIGURATION.desks
    first = msgspec.structs.replace(support.agents[0], notify=notify)
    hotline = Inbox(channel=PHONE, id=HOTLINE, address="+12025550100")
    named = msgspec.structs.replace(
        support, agents=(first, *others), inboxes=(*support.inboxes, hotline), notices=notices, **desk
    )
    return msgspec.structs.replace(CONFIGURATION, desks=(named,))


async def notices(bus: Bus) -> list[OutboundMessage]:
    async with aclosing(read(bus, OUTBOX, "outbound.>")) as items:
        found = [decode_outbound(stored.data) async for stored in items]
    return [message for message in found if message.kind is OutboundKind.NOTICE]


async def told(bus: Bus, count: int = 1) -> list[OutboundMessage]:
    async def all_there() -> bool:
        return len(await notices(bus)) >= count

    await until(all_there)
    return await notices(bus)


async def test_rule_2_11_an_offer_is_told_by_mail_with_a_link_and_none_of_the_customers_words(
    provisioned: Bus,
) -> None:
    async with desk_on(provisioned, configuration=telling(), public_url=f"{CONSOLE}/"):
        await send_in(provisioned, mail("<1@one.example>", inbox=LIVE, text="My secret illness"))
        (notice,) = await told(provisioned)
        (offer,) = await events(provisioned, ContactOffered)
    assert (notice.channel, notice.inbox, [each.address for each in notice.to]) == (EMAIL, INBOX, [ADDRESS])
    assert notice.subject == "A contact by email is waiting for you in live."
    assert notice.text.startswith(f"{notice.subject}\n{CONSOLE}/#{offer.contact}\n")
    assert "secret" not in f"{notice.subject} {notice.text}"
    assert notice.until == offer.expires_at
    assert ADDRESS not in str(await commits(provisioned)), "addresses are never in the log"
    assert notice.native == {}


async def test_rule_2_11_what_is_assigned_is_told_by_every_way_that_the_agent_chose(provisioned: Bus) -> None:
    ways = Notify(ways=("sms", "ring", "push"), sms="+12025550171", about=("assignment",))
    async with desk_on(provisioned, configuration=telling(ways)):
        await send_in(provisioned, mail("<1@one.example>"))
        found = {bool(notice.native.get("aloud")): notice for notice in await told(provisioned, 2)}
    text, ring = found[False], found[True]
    assert {(notice.channel, notice.inbox) for notice in (text, ring)} == {(PHONE, HOTLINE)}
    assert (text.to[0].address, ring.to[0].address) == ("+12025550171", "+12025550101"), "their own phone rings"
    assert text.text == "A contact by email in support is yours."
    assert ring.text == "A contact by email in support is yours. Please open the console."


async def test_rule_2_11_what_an_agent_says_at_run_time_holds_at_once_and_after_a_restart(provisioned: Bus) -> None:
    desk = telling()
    async with desk_on(provisioned, configuration=desk):
        preferences = Preferences(provisioned)
        await preferences.put(AGENT, Notify(ways=("mail",), mail="two@people.example"))
        seen: list[str] = []

        async def holds() -> bool:
            seen.append(f"<{len(seen)}@one.example>")
            await send_in(provisioned, mail(seen[-1]))
            sent = await told(provisioned, len(seen))
            return sent[-1].to[0].address == "two@people.example"

        await until(holds)
    async with desk_on(provisioned, configuration=desk):
        await send_in(provisioned, mail("<after@one.example>"))
        sent = await told(provisioned, len(seen) + 1)
    assert sent[-1].to[0].address == "two@people.example"


async def test_rule_2_11_several_within_the_window_are_one_notice(provisioned: Bus) -> None:
    """The window of the first leader is long; that of the second, who finds what waits, is over."""
    async with desk_on(provisioned, configuration=telling(notices=Notices(mail=INBOX, every=timedelta(hours=1)))):
        await send_in(provisioned, mail("<1@one.example>"))
        await told(provisioned)
        for number in range(2, 7):
            await send_in(provisioned, mail(f"<{number}@one.example>"))

        async def five_wait() -> bool:
            entry = await KeyValue(provisioned, PROGRESS).get("notices.support")
            assert entry is not None
            kept = msgspec.json.decode(entry.value, type=Kept)
            return [len(news) for _, _, news in kept.waiting] == [5]

        await until(five_wait)
        assert len(await notices(provisioned)) == 1
    async with desk_on(provisioned, configuration=telling()):
        first, second = await told(provisioned, 2)
    assert first.subject == "A contact by email in support is yours."
    assert second.subject == "5 contacts need you at support."
    assert second.text.count("A contact by email in support is yours.") == 5


async def test_rule_2_11_what_waits_to_be_told_is_not_forgotten_when_another_leads(provisioned: Bus) -> None:
    night = telling(Notify(ways=("mail",), mail=ADDRESS, quiet=("mon-sun 00:00-24:00",)))
    async with desk_on(provisioned, configuration=night):
        await send_in(provisioned, mail("<1@one.example>"))

        async def is_kept() -> bool:
            entry = await KeyValue(provisioned, PROGRESS).get("notices.support")
            return entry is not None and AGENT.encode() in entry.value

        await until(is_kept)
        assert await notices(provisioned) == []
    async with desk_on(provisioned, configuration=telling()):
        (notice,) = await told(provisioned)
    assert notice.subject == "A contact by email in support is yours."


async def test_rule_2_11_a_leader_that_dies_right_after_it_sent_has_sent_it_once(provisioned: Bus) -> None:
    """It had kept what it was about to send, and not that it did: the next one sends it under the same id."""
    async with desk_on(provisioned, configuration=telling()):
        await send_in(provisioned, mail("<1@one.example>"))
        (notice,) = await told(provisioned)
    bucket = KeyValue(provisioned, PROGRESS)
    entry = await bucket.get("notices.support")
    assert entry is not None
    kept = msgspec.json.decode(entry.value, type=Kept)
    (assigned,) = await events(provisioned, ContactAssigned)
    news = News(id="1.1.1", about="assignment", agent=AGENT, contact=assigned.contact, at=assigned.at)
    going = (Bundle(id=notice.id, agent=AGENT, way="mail", news=(news,)),)
    await bucket.put("notices.support", encode(msgspec.structs.replace(kept, going=going)))
    async with desk_on(provisioned, configuration=telling()):
        await send_in(provisioned, mail("<2@one.example>"))
        found = await told(provisioned, 2)
    assert len(found) == len({each.id for each in found}) == 2
    assert found[0].id == notice.id


async def test_rule_2_11_who_can_not_be_reached_holds_nobody_up_the_next_is_asked(provisioned: Bus) -> None:
    """Their mail is never taken from the outbox, no console is open, nothing is ever seen: time alone decides."""
    other = Agent(id=SECOND, name="Demo agent 2", available=True)
    (support,) = CONFIGURATION.desks
    quick = tuple(msgspec.structs.replace(inbox, offer_for=timedelta(milliseconds=500)) for inbox in support.inboxes)
    desk = telling(BY_MAIL, other)
    named = msgspec.structs.replace(desk.desks[0], inboxes=(*quick, desk.desks[0].inboxes[-1]))
    async with desk_on(provisioned, configuration=msgspec.structs.replace(desk, desks=(named,))):
        await send_in(provisioned, mail("<1@one.example>", inbox=LIVE))

        async def both_were_asked() -> bool:
            asked = {offer.agent for offer in await events(provisioned, ContactOffered)}
            return asked == {AGENT, SECOND}

        await until(both_were_asked)
        assert {late.agent for late in await events(provisioned, OfferTimedOut)} >= {AGENT}
        assert {each.to[0].address for each in await notices(provisioned)} <= {ADDRESS}, "or the offer was over before"


async def test_rule_2_11_a_desk_wide_alarm_reaches_the_lead_also_in_quiet_hours_if_they_say_so(
    provisioned: Bus,
) -> None:
    always = ("mon-sun 00:00-24:00",)
    lead = Agent(
        id=SECOND,
        name="Demo agent 2",
        lead=True,
        notify=Notify(ways=("mail",), mail="lead@people.example", quiet=always, alarm_when_quiet=True),
    )
    asleep = Agent(
        id=AgentId("agent-3"),
        name="Demo agent 3",
        lead=True,
        notify=Notify(ways=("mail",), mail="asleep@people.example", quiet=always),
    )
    desk = telling(BY_MAIL, lead, asleep, alarm_after=timedelta(milliseconds=200))
    first = msgspec.structs.replace(desk.desks[0].agents[0], available=False)
    named = msgspec.structs.replace(desk.desks[0], agents=(first, lead, asleep))
    async with desk_on(provisioned, configuration=msgspec.structs.replace(desk, desks=(named,))):
        await send_in(provisioned, mail("<1@one.example>"))
        (notice,) = await told(provisioned)
        assert len(await events(provisioned, AlarmRaised)) == 1
    assert notice.to[0].address == "lead@people.example"
    assert notice.subject == "Nobody takes a contact by email in support: please see to it."
    assert len(await notices(provisioned)) == 1


async def test_rule_2_11_a_desk_that_allows_it_says_what_the_contact_is_about(provisioned: Bus) -> None:
    open_ = Notices(mail=INBOX, every=timedelta(0), subjects=True)
    async with desk_on(provisioned, configuration=telling(notices=open_)):
        about = msgspec.structs.replace(mail("<1@one.example>"), subject="Printer\r\non fire")
        await send_in(provisioned, about)
        (notice,) = await told(provisioned)
    assert "It is about: Printer on fire" in notice.text
    assert notice.subject == "A contact by email in support is yours."


async def test_rule_2_11_what_is_long_past_when_the_first_leader_comes_is_no_news(provisioned: Bus) -> None:
    """A desk that begins to tell: nobody is told of all that was decided before."""
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))

        async def is_carried_out() -> bool:
            """What was decided a moment before the next leader came, and not followed yet, is news to that one."""
            found = [
                (commit.epoch, commit.index)
                for commit in await commits(provisioned)
                if any(isinstance(event, ContactAssigned) for event in commit.events)
            ]
            entry = await KeyValue(provisioned, PROGRESS).get("effects.support")
            if entry is None or not found:
                return False
            reached = msgspec.json.decode(entry.value, type=Place)
            return found <= [(reached.epoch, reached.index)]

        await until(is_carried_out)
    assert await notices(provisioned) == []
    async with desk_on(provisioned, configuration=telling()):
        await send_in(provisioned, mail("<2@one.example>"))
        (notice,) = await told(provisioned)
    assert notice.subject == "A contact by email in support is yours."


async def test_rule_2_11_what_can_not_be_read_or_said_costs_notices_and_never_the_desk(
    provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault in the words, and a note of a version that nobody knows."""
    await KeyValue(provisioned, PROGRESS).put("notices.support", b"{")

    def speechless(news: News, contact: Contact, inbox: str) -> str:
        if contact.inbox == LIVE:
            raise ZeroDivisionError
        return sentence(news, contact, inbox)

    monkeypatch.setattr(reaching, "sentence", speechless)
    async with desk_on(provisioned, configuration=telling()) as replica:
        await send_in(provisioned, mail("<1@one.example>", inbox=LIVE))

        async def is_offered() -> bool:
            return len(await events(provisioned, ContactOffered)) == 1

        await until(is_offered)
        epoch = replica.epoch
        await send_in(provisioned, mail("<2@one.example>"))
        (notice,) = await told(provisioned)
        assert replica.epoch == epoch
    assert notice.subject == "A contact by email in support is yours."
