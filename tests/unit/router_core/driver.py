"""A desk under test: commands in short words, a clock moved by hand, and a log that is read again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from frontline.contract.ids import (
    AgentId,
    ChannelName,
    ContactId,
    CustomerId,
    DeskId,
    InboxId,
    KeyHash,
    MessageId,
    OfferId,
)
from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence, ThreadEvidence
from router.core.advance import EVENT_LIMIT, Step, advance, replay
from router.core.clock import Clock
from router.core.command import (
    AcceptOffer,
    AddNote,
    ApplySettings,
    ChangeLane,
    DeskCommand,
    FoundKey,
    MergeContacts,
    RaiseIndexFloor,
    ReceiveMessage,
    RecordDelivery,
    RejectOffer,
    ReopenContact,
    ResolveContact,
    SendReply,
    SetAvailability,
    StartEpoch,
    Tick,
    TransferContact,
    UnmergeContact,
    WriteFirst,
)
from router.core.commit import Commit, Outcome, decode_commit, encode_commit
from router.core.contact import Contact, Offer
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings, TargetSettings
from router.core.event import DeskDecision
from router.core.happened import Event
from router.core.state import DeskState
from tests.unit.router_core.fingerprint import fingerprint

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL = ChannelName("email")
SUPPORT = InboxId("support")
E = TypeVar("E", bound=Event)


def settings(
    *agents: str | AgentSettings,
    version: int = 1,
    inboxes: Sequence[InboxSettings] = (InboxSettings(channel=EMAIL, id=SUPPORT),),
    within: timedelta | None = timedelta(hours=1),
    warn_at: tuple[float, ...] = (0.5, 0.8),
    policy_version: int = 1,
) -> DeskSettings:
    """A desk with these agents, available from the start, one inbox and one policy."""
    target = () if within is None else (TargetSettings(target="first_response", within=within, warn_at=warn_at),)
    return DeskSettings(
        version=version,
        agents=tuple(
            AgentSettings(id=AgentId(agent), available=True) if isinstance(agent, str) else agent for agent in agents
        ),
        inboxes=tuple(inboxes),
        policies=(PolicySettings(id="standard", version=policy_version, calendar="always", targets=target),),
    )


class Desk:
    """Drives a state as the loop does. Every commit goes through its bytes before it is kept."""

    def __init__(
        self, configuration: DeskSettings | None = None, *, limit: int = EVENT_LIMIT, name: str = "support"
    ) -> None:
        self.state = DeskState(DeskId(name))
        self.now = NOON
        self.epoch = 1
        self.index = 0
        self.limit = limit
        self.log: list[Commit] = []
        self._sent = 0
        if configuration is not None:
            self.ask(ApplySettings(settings=configuration))

    def ask(self, command: DeskCommand, outcome: Outcome | None = None) -> Step:
        """Carry a command out now. A refusal is in the step, not raised; a bug is."""
        step = advance(
            self.state,
            command,
            self.now,
            epoch=self.epoch,
            index=self.index + 1,
            cause="test",
            outcome=outcome,
            limit=self.limit,
        )
        if step.failed is not None:
            raise step.failed
        if step.commit is not None:
            self.index += 1
            kept = decode_commit(encode_commit(step.commit))
            assert kept == step.commit
            self.log.append(kept)
        return step

    def must(self, command: DeskCommand) -> tuple[DeskDecision, ...]:
        step = self.ask(command)
        assert step.refused is None, step.refused
        return step.events

    def must_apply(self, configuration: DeskSettings) -> tuple[DeskDecision, ...]:
        return self.must(ApplySettings(settings=configuration))

    def wait(self, **passes: float) -> None:
        self.now += timedelta(**passes)

    def tick(self) -> tuple[DeskDecision, ...]:
        return self.must(Tick())

    def mail(
        self,
        customer: str = "ann",
        *,
        key: str = "",
        at: datetime | None = None,
        inbox: InboxId = SUPPORT,
        automation: Automation = Automation.NO,
        kind: MessageKind = MessageKind.MESSAGE,
        presence: Presence = Presence.AWAY,
        knows: str = "",
        finds: Sequence[tuple[str, ThreadEvidence] | FoundKey] = (),
        binds: Sequence[str] = (),
        known: ContactId | None = None,
    ) -> ReceiveMessage:
        """The command that a mail of `customer` comes to; its ids are new unless `key` is given."""
        self._sent += 1
        key = key or f"k{self._sent}"
        return ReceiveMessage(
            message=MessageId(f"m-{key}"),
            key=KeyHash(key),
            channel=EMAIL,
            inbox=inbox,
            customer=CustomerId(customer),
            at=at or self.now,
            new_contact=ContactId(f"c-{key}"),
            automation=automation,
            kind=kind,
            presence=presence,
            knows=AgentId(knows) if knows else None,
            finds=tuple(
                found if isinstance(found, FoundKey) else FoundKey(key=KeyHash(found[0]), evidence=found[1])
                for found in finds
            ),
            binds=tuple(KeyHash(bound) for bound in binds),
            known=known,
        )

    def transfer(self, contact: ContactId, agent: str, *, to: str = "", skill: str = "") -> Step:
        command = TransferContact(contact=contact, agent=AgentId(agent), to=AgentId(to) if to else None, skill=skill)
        return self.ask(command)

    def merge(self, contact: ContactId, into: ContactId, agent: str = "a") -> Step:
        return self.ask(MergeContacts(contact=contact, into=into, agent=AgentId(agent)))

    def unmerge(self, contact: ContactId, agent: str = "a") -> Step:
        return self.ask(UnmergeContact(contact=contact, agent=AgentId(agent)))

    def write_first(self, customer: str = "ann", agent: str = "a", *, keys: Sequence[str] = ()) -> ContactId:
        self._sent += 1
        contact = ContactId(f"c-w{self._sent}")
        self.must(
            WriteFirst(
                contact=contact,
                customer=CustomerId(customer),
                reply=MessageId(f"r{self._sent}"),
                agent=AgentId(agent),
                channel=EMAIL,
                inbox=SUPPORT,
                draft=self._sent,
                keys=tuple(KeyHash(key) for key in keys),
            )
        )
        return contact

    def change_lane(self, contact: ContactId, agent: str, lane: str, reason: str = "") -> Step:
        return self.ask(ChangeLane(contact=contact, agent=AgentId(agent), lane=lane, reason=reason))

    def opens(self, customer: str = "ann", *, binds: Sequence[str] = (), **more: object) -> ContactId:
        """A mail that opens a contact, and which."""
        command = self.mail(customer, binds=binds, **more)  # type: ignore[arg-type]
        self.must(command)
        assert command.new_contact in self.state.contacts
        return command.new_contact

    def reply(self, contact: ContactId, agent: str = "a", *, name: str = "", keys: Sequence[str] = ()) -> MessageId:
        """A reply that must be taken, and its id."""
        self._sent += 1
        reply = MessageId(name or f"r{self._sent}")
        self.must(
            SendReply(
                contact=contact,
                reply=reply,
                agent=AgentId(agent),
                channel=EMAIL,
                inbox=self.contact(contact).inbox,
                draft=self._sent,
                keys=tuple(KeyHash(key) for key in keys),
            )
        )
        return reply

    def note(self, contact: ContactId, agent: str = "a") -> tuple[DeskDecision, ...]:
        self._sent += 1
        return self.must(AddNote(contact=contact, note=MessageId(f"n{self._sent}"), agent=AgentId(agent), draft=1))

    def resolve(self, contact: ContactId, agent: str = "a") -> Step:
        return self.ask(ResolveContact(contact=contact, agent=AgentId(agent)))

    def reopen(self, contact: ContactId, agent: str = "a") -> Step:
        return self.ask(ReopenContact(contact=contact, agent=AgentId(agent)))

    def available(self, agent: str, state: str = "available", until: datetime | None = None) -> Step:
        return self.ask(SetAvailability(agent=AgentId(agent), state=state, until=until))

    def offer(self, contact: ContactId) -> Offer:
        """The one that is open."""
        offer = self.contact(contact).offer
        assert offer is not None
        return offer

    def accept(self, offer: OfferId, agent: str) -> Step:
        return self.ask(AcceptOffer(offer=offer, agent=AgentId(agent)))

    def reject(self, offer: OfferId, agent: str, reason: str = "") -> Step:
        return self.ask(RejectOffer(offer=offer, agent=AgentId(agent), reason=reason))

    def another_leads(self) -> tuple[DeskDecision, ...]:
        """A router that was not there before reads the log and begins."""
        self.state = self.replayed()
        self.epoch += 7
        self.index = 0
        return self.must(StartEpoch())

    def delivery(
        self,
        contact: ContactId,
        reply: MessageId,
        state: DeliveryState,
        key: str = "",
        arrived: datetime | None = None,
    ) -> Step:
        self._sent += 1
        key = key or f"d{self._sent}"
        return self.ask(
            RecordDelivery(
                receipt=MessageId(f"m-{key}"),
                key=KeyHash(key),
                reply=reply,
                contact=contact,
                state=state,
                at=arrived or self.now,
            )
        )

    def raise_floor(self) -> tuple[DeskDecision, ...]:
        """The index has caught up with everything."""
        return self.must(RaiseIndexFloor(epoch=self.epoch, index=self.index))

    def contact(self, contact: ContactId) -> Contact:
        return self.state.contacts[contact]

    def clock(self, contact: ContactId) -> Clock:
        clock = self.contact(contact).clock("first_response")
        assert clock is not None
        return clock

    def holder(self, contact: ContactId) -> AgentId | None:
        return self.contact(contact).agent

    def told(self, kind: type[E]) -> list[E]:
        """Every event of this kind that the log holds, in order."""
        return [event for commit in self.log for event in commit.events if isinstance(event, kind)]

    def replayed(self) -> DeskState:
        """The state that the log alone gives."""
        state = DeskState(self.state.desk)
        for commit in self.log:
            replay(state, commit)
        return state

    def agrees_with_its_log(self) -> bool:
        return fingerprint(self.replayed()) == fingerprint(self.state)
