"""A desk that lives through anything: what may happen to it, and what must hold all the while."""

from datetime import timedelta
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ContactId, CustomerId, InboxId, KeyHash, MessageId
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence, ThreadEvidence
from router.core.advance import next_due
from router.core.capacity import AVAILABLE
from router.core.command import EraseContact, EraseCustomer, FoundKey, ReceiveMessage
from router.core.commit import Outcome
from router.core.contact import ASSIGNED, OFFERED
from router.core.desk_settings import (
    LONGEST_IDLE,
    AgentSettings,
    CheckInSettings,
    DeskSettings,
    EscalationSettings,
    InboxSettings,
    RingSettings,
)
from router.core.event import ContactOffered, MessageReceived, OfferAccepted, OfferRejected, OfferTimedOut
from tests.unit.router_core import oracle
from tests.unit.router_core.driver import EMAIL, Desk, settings
from tests.unit.router_core.lived import check_ins_come_once, clocks_end_once, each_choice_was_the_best, offers_end_once

INBOXES = [
    InboxSettings(channel=EMAIL, id=InboxId("plain")),
    InboxSettings(channel=EMAIL, id=InboxId("french"), cost=30, skills=("french",)),
    InboxSettings(channel=EMAIL, id=InboxId("vip"), cost=20, lane="vip"),
    InboxSettings(channel=EMAIL, id=InboxId("billing"), cost=10, lane="low", skills=("french", "billing")),
    InboxSettings(channel=EMAIL, id=InboxId("chat"), offer_for=timedelta(seconds=20)),
    InboxSettings(channel=EMAIL, id=InboxId("phone"), cost=30, lane="vip", offer_for=timedelta(seconds=20)),
    InboxSettings(channel=EMAIL, id=InboxId("soft"), cost=20, skills=("french",), offer_for=timedelta(minutes=4)),
    InboxSettings(channel=EMAIL, id=InboxId("talk"), cost=30, live=True, sticky_for=timedelta(minutes=1)),
    InboxSettings(
        channel=EMAIL,
        id=InboxId("line"),
        cost=50,
        live=True,
        offer_for=timedelta(seconds=20),
        wrap_up=timedelta(seconds=30),
        skills=("french",),
    ),
]
EVERYWHERE = tuple((inbox.channel, inbox.id) for inbox in INBOXES)
ACTS = ("reply", "note", "resolve", "reopen")
ROUTING = {
    "rings": (
        RingSettings(),
        RingSettings(after=timedelta(seconds=30), skills=False),
        RingSettings(after=timedelta(minutes=10), skills=False, off_duty=True),
    ),
    "age_after": timedelta(minutes=45),
    "alarm_after": timedelta(minutes=5),
    "offline_grace": timedelta(seconds=1),
    "reopen_for": timedelta(hours=20),
    "check_ins": (
        CheckInSettings(id="well", when="resolved", after=timedelta(minutes=30), inboxes=EVERYWHERE),
        CheckInSettings(id="late", when="resolved", after=timedelta(hours=24), inboxes=EVERYWHERE),
        CheckInSettings(id="silent", when="waiting_customer", after=timedelta(minutes=4), inboxes=EVERYWHERE),
    ),
}
LATE = (
    EscalationSettings(fraction=0.5, widen="next", reoffer=True, holder=True),
    EscalationSettings(fraction=0.8, reoffer=True),
    EscalationSettings(fraction=1.0, widen="all", everybody=True),
)


class Life:
    """Every method is one thing that may happen; numbers choose among what is there."""

    def __init__(self, staff: list[AgentSettings], limit: int, strategy: str = LONGEST_IDLE) -> None:
        self.strategy = strategy
        self.desk = Desk(self._settings(staff, 1), limit=limit)
        self.version = 1
        self.sent: list[ReceiveMessage] = []
        self.replies: list[tuple[ContactId, MessageId]] = []
        self.indexed: dict[KeyHash, ContactId] = {}
        self.threads: dict[KeyHash, ContactId] = {}

    def _settings(self, staff: list[AgentSettings], version: int, **more: Any) -> DeskSettings:
        plain = settings(*staff, inboxes=INBOXES, version=version, **more)
        (policy,) = plain.policies
        (first,) = policy.targets
        late = msgspec.structs.replace(policy, targets=(msgspec.structs.replace(first, escalations=LATE),))
        return msgspec.structs.replace(plain, **ROUTING, strategy=self.strategy, policies=(late,))

    def time_passes(self, milliseconds: int) -> None:
        self.desk.wait(milliseconds=milliseconds)

    def the_clock_steps_back(self, milliseconds: int) -> None:
        self.desk.wait(milliseconds=-milliseconds)

    def the_timer_fires(self) -> None:
        self.desk.tick()

    def a_mail_comes(
        self,
        customer: str,
        inbox: int,
        automation: Automation,
        late: int,
        named: int | None,
        evidence: ThreadEvidence,
        presence: Presence = Presence.AWAY,
        knows: int | None = None,
    ) -> None:
        finds = []
        if named is not None and self.sent:
            key = self.sent[-1 - named % len(self.sent)].binds[0]
            finds = [FoundKey(key=key, evidence=evidence, contact=self.threads.get(key))]
        if presence is Presence.ANSWERED:
            late = 0  # told at once; told late, it depends on what was recorded by then
        agents = list(self.desk.state.agents)
        command = self.desk.mail(
            customer,
            presence=presence,
            kind=MessageKind.CALL if presence is Presence.LIVE and named is not None else MessageKind.MESSAGE,
            knows="" if knows is None or not agents else agents[knows % len(agents)],
            inbox=INBOXES[inbox % len(INBOXES)].id,
            automation=automation,
            at=self.desk.now - timedelta(milliseconds=late),
            finds=finds,
            binds=[f"t{len(self.sent)}"],
        )
        events = self.desk.must(command)
        assert sum(isinstance(event, MessageReceived) for event in events) == 1
        self.sent.append(command)

    def a_mail_comes_again(self, which: int) -> None:
        if self.sent:
            command = self.sent[which % len(self.sent)]
            again = msgspec.structs.replace(command, known=self.indexed.get(command.key))
            assert not any(isinstance(event, MessageReceived) for event in self.desk.must(again))

    def an_agent_acts(self, contact: int, agent: int, act: str) -> None:
        contacts = list(self.desk.state.contacts)
        agents = [agent.id for agent in self.desk.state.agents.values() if not agent.gone]
        if not contacts or not agents:
            return
        it, who = contacts[-1 - contact % len(contacts)], agents[agent % len(agents)]
        match act:
            case "reply" | "note" if self.desk.contact(it).merged_into is not None:
                return
            case "reply":
                self.replies.append((it, self.desk.reply(it, who)))
            case "note":
                self.desk.note(it, who)
            case "resolve":
                self.desk.resolve(it, who)
            case "reopen":
                self.desk.reopen(it, who)

    def a_contact_is_given_on(self, contact: int, agent: int, to: int | None, skill: str, lane: str) -> None:
        contacts = list(self.desk.state.contacts)
        agents = [agent.id for agent in self.desk.state.agents.values() if not agent.gone]
        if not contacts or not agents:
            return
        it, who = contacts[-1 - contact % len(contacts)], agents[agent % len(agents)]
        if lane == "merge":
            self.desk.merge(it, contacts[(to or 0) % len(contacts)], who)
        elif lane == "unmerge":
            self.desk.unmerge(it, who)
        elif lane:
            self.desk.change_lane(it, who, lane)
        else:
            whom = "" if to is None else agents[to % len(agents)]
            self.desk.transfer(it, who, to=whom, skill="" if whom else skill)

    def an_offer_is_answered(self, which: int, agent: int | None, accepts: bool) -> None:
        """By the one who was asked, or by `agent`; it may be open or not, and only then it counts."""
        told = self.desk.told(ContactOffered)
        agents = list(self.desk.state.agents)
        if not told or not agents:
            return
        offered = told[-1 - which % len(told)]
        who = offered.agent if agent is None else agents[agent % len(agents)]
        step = (self.desk.accept if accepts else self.desk.reject)(offered.offer, who)
        done = [event for event in step.events if isinstance(event, OfferAccepted | OfferRejected)]
        assert len(done) <= (step.refused is None)
        if who != offered.agent:
            assert step.refused is not None
            assert step.refused.conflict in {"not_yours", "not_found"}

    def somebody_is_erased(self, contact: int, *, whole: bool) -> None:
        contacts = list(self.desk.state.contacts.values())
        if not contacts:
            return
        it = contacts[-1 - contact % len(contacts)]
        if not whole:
            self.desk.must(EraseContact(contact=it.id))
            return
        successor = CustomerId(f"{it.customer}'")
        while self.desk.must(EraseCustomer(customer=it.customer, successor=successor)):
            pass
        assert not any(each.customer == it.customer for each in self.desk.state.contacts.values())

    def a_receipt_comes(self, which: int, state: DeliveryState) -> None:
        if self.replies:
            contact, reply = self.replies[-1 - which % len(self.replies)]
            assert self.desk.delivery(contact, reply, state).refused is None

    def an_agent_comes_or_goes(self, which: int, state: str, ends: int | None) -> None:
        if agents := list(self.desk.state.agents):
            until = None if not ends else self.desk.now + timedelta(milliseconds=ends)
            self.desk.available(agents[which % len(agents)], state, until)

    def settings_are_applied(self, staff: list[AgentSettings], within: timedelta) -> None:
        self.version += 1
        self.desk.must_apply(self._settings(staff, self.version, within=within))

    def the_index_catches_up(self) -> None:
        for command in self.sent:
            if (contact := self.desk.state.contact_of(command.key)) is not None:
                self.indexed[command.key] = contact
                self.threads[command.binds[0]] = contact
        self.desk.raise_floor()

    def another_router_takes_over(self) -> None:
        before = self.desk.state.now
        self.desk.now = max(self.desk.now, before)
        for event in self.desk.another_leads():
            if isinstance(event, OfferTimedOut):
                assert event.at < before

    def a_request_is_made_or_repeated(self, request: str) -> None:
        before = self.desk.state.outcome(request)
        command = self.desk.mail(inbox=INBOXES[0].id)
        step = self.desk.ask(command, Outcome(request=request, body={"n": self.desk.index}))
        assert step.repeated == before
        assert self.desk.state.outcome(request) is not None

    def holds(self) -> None:
        """What is true after every single step."""
        self._capacity_is_kept_and_an_assignment_is_one()
        self._nobody_waits_whom_somebody_may_take()

    def ends(self) -> None:
        """What is true of the whole story."""
        self.desk.now = max(self.desk.now, self.desk.state.now)
        while (due := next_due(self.desk.state)) is not None and due <= self.desk.now:
            self.desk.tick()
        self.holds()
        assert self.desk.agrees_with_its_log()
        clocks_end_once(self.desk)
        assert oracle.recorded_breaches(self.desk.log) == oracle.breaches(self.desk.log)
        each_choice_was_the_best(self.desk)
        offers_end_once(self.desk)
        check_ins_come_once(self.desk)

    def _capacity_is_kept_and_an_assignment_is_one(self) -> None:
        held: dict[ContactId, AgentId] = {}
        asked: dict[ContactId, AgentId] = {}
        for agent in self.desk.state.agents.values():
            in_hand = [*agent.held, *agent.offered]
            needs = [self.desk.contact(contact).line.need for contact in in_hand]
            assert agent.load == sum(need.cost for need in needs)
            assert agent.live_load == sum(need.cost for need in needs if need.live)
            assert all(need.live == self.desk.contact(id_).live for id_, need in zip(in_hand, needs, strict=True))
            for contact in agent.held:
                assert contact not in held
                held[contact] = agent.id
            for contact in agent.offered:
                assert contact not in asked
                asked[contact] = agent.id
        contacts = self.desk.state.contacts.values()
        assert {contact.id: contact.agent for contact in contacts if contact.phase == ASSIGNED} == held
        assert all(contact.agent is None for contact in contacts if contact.phase != ASSIGNED)
        assert {contact.id: contact.offer.agent for contact in contacts if contact.offer is not None} == asked
        assert {contact.id for contact in contacts if contact.phase == OFFERED} == set(asked)
        assert sorted(self.desk.state.offers.values()) == sorted(asked)

    def _nobody_waits_whom_somebody_may_take(self) -> None:
        due, now = next_due(self.desk.state), self.desk.state.now
        if due is None or due > now:
            assert oracle.best_match(self.desk.state) is None
            assert not oracle.overlooked(self.desk.state)
            assert not self.desk.state.leaving
            assert not self.desk.state.escalating
            for contact in self.desk.state.contacts.values():
                assert not any(clock.running and clock.due_at < now for clock in contact.clocks)
                if contact.offer is not None:
                    assert contact.offer.expires_at >= now
                    assert self.desk.state.agents[contact.offer.agent].state == AVAILABLE
