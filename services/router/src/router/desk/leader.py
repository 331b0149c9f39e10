"""Everything that the leader of a desk runs, and how it ends."""

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from frontline.configuration.model import Desk
from frontline.contract import subject
from frontline.contract.channel import Inbox
from frontline.contract.clock import Clock
from frontline.contract.codec import encode
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName
from frontline.runtime import consumers
from frontline.runtime.bus import WrongSequence
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import DIRECTORY
from router.core.calendar import calendars
from router.core.command import ApplySettings, DeskCommand, RaiseIndexFloor, StartEpoch
from router.core.event_people import ConfigChanged
from router.core.state import DeskState
from router.desk.acknowledge import Acknowledgements
from router.desk.bindings import Bindings
from router.desk.checking_in import CheckInWriter
from router.desk.command_port import CommandPort, CommandReply, CommandRequest
from router.desk.drafts import Drafts
from router.desk.effects import Done, Effects, Place, stored
from router.desk.eraser import Eraser
from router.desk.holding import LOOK_SECONDS, Holding
from router.desk.intake import Intake
from router.desk.keeper import Keeper
from router.desk.lease import Lease
from router.desk.log import LogWriter
from router.desk.log_store import LogStore
from router.desk.loop import DeskLoop, Work
from router.desk.neighbours import Neighbours
from router.desk.pick_up import PickUps
from router.desk.reaching import Reaching
from router.desk.resolve import Resolver
from router.desk.ringing import Ringing
from router.desk.rulebook import Rulebook
from router.desk.settings import desk_settings
from router.desk.surroundings import Surroundings
from router.desk.view import ShowsDesk
from router.desk.words import Words
from router.desk.writing_down import WritesDown

_FLOOR_SECONDS = 5.0
_VERSION = "version"
"""Where the directory says of which configuration it is. No channel has a key of one token."""

_WINDOW = 256
"""So many messages of a channel are in hand at most."""


class Leader:
    """Made anew for each epoch; `state` is replayed up to the epoch's record."""

    def __init__(
        self,
        *,
        desk: Desk,
        state: DeskState,
        writer: LogWriter,
        store: LogStore,
        lease: Lease,
        clock: Clock,
        surroundings: Surroundings,
    ) -> None:
        self._desk = desk
        self._writer = writer
        self._lease = lease
        self._with = surroundings
        self._floor: Place | None = None
        self.loop = DeskLoop(state, writer, clock, decided=partial(surroundings.figures.decided, desk.id))
        self._view = ShowsDesk(surroundings.bus, desk, self.loop, clock, surroundings.log, surroundings.figures)
        bus, signer, log = surroundings.bus, surroundings.signer, surroundings.log
        words = Words(bus, signer, desk.id)
        ringing = Ringing(bus, desk, state, log)
        self._reaching = Reaching(bus, desk, state, clock, surroundings.public_url, surroundings.figures, log)
        bindings = Bindings(bus, desk.id, writer.epoch)
        check_ins = CheckInWriter(bus, signer, desk, words, bindings, clock, surroundings.figures, log)
        self._keeper = Keeper(
            bus,
            desk.id,
            store,
            take=surroundings.take_snapshot,
            every=surroundings.snapshot_every,
            retention=surroundings.retention,
            clock=clock,
            figures=surroundings.figures,
            log=log,
        )
        self._effects = Effects(
            bus, desk.id, store, words, ringing, self._reaching, check_ins, bindings, log, state, self._effects_done
        )
        self._drafts = Drafts(bus, desk.id, words, clock, log)
        self._eraser = Eraser(
            bus,
            desk.id,
            self.loop,
            self._effects.reach,
            channels=surroundings.configuration.channels,
            desks=[each.id for each in surroundings.configuration.desks],
            acquaintance=surroundings.acquaintance,
            signer=signer,
            again_after=surroundings.erase_again_after,
            clock=clock,
            figures=surroundings.figures,
            log=log,
        )
        self._pick_ups = PickUps(bus, desk, self.loop, ringing, log)
        self._port = CommandPort(bus, desk.id, writer.epoch, self._decide, figures=surroundings.figures, log=log)
        resolver = Resolver(
            bus,
            signer,
            Rulebook(desk.rules, calendars(desk_settings(surroundings.configuration, desk))),
            partial(surroundings.holders_of, desk.id),
            surroundings.decided,
            [each.id for each in surroundings.configuration.desks],
        )
        writes = WritesDown(bus, state, resolver, words, Acknowledgements(bus, desk, state, words, clock), clock)
        others = [each for each in surroundings.configuration.desks if each.id != desk.id]
        self._pick_ups.listen_to(others)
        self._neighbours = Neighbours(
            bus,
            desk.id,
            resolver=resolver,
            loop=self.loop,
            writes=writes,
            copies=surroundings.neighbours,
            park=surroundings.park,
            figures=surroundings.figures,
            clock=clock,
            log=log,
        )
        self._intake = partial(
            Intake,
            bus,
            desk.id,
            resolver=resolver,
            loop=self.loop,
            words=words,
            writes=writes,
            sends_on=self._neighbours.sends_on,
            park=surroundings.park,
            clock=clock,
            log=log,
            window=_WINDOW,
        )
        self._intakes: dict[ChannelName, tuple[Intake, Holding]] = {}
        self._reconfigured = asyncio.Event()

    async def run(self, stopping: asyncio.Event, again: asyncio.Event) -> None:
        """Lead until one of the two, then let everything decided count; before `again` what is in hand is finished.
        Raises `Deposed`, `LostEnd`, `Torn`.
        """
        figures = self._with.figures
        figures.led(self._desk.id, self.loop, self._writer)
        self._with.bus.on_change(self._connection_changed)
        try:
            await self._run(stopping, again)
        finally:
            self._with.bus.off_change(self._connection_changed)
            figures.let_go(self._desk.id)

    def _connection_changed(self, connected: bool) -> None:  # noqa: FBT001 - the signature of a listener
        if not connected:
            self._writer.doubt()

    async def _run(self, stopping: asyncio.Event, again: asyncio.Event) -> None:
        begun = await self.loop.submit(Work(StartEpoch(), cause="epoch"))  # before the loop looks at what is due
        async with asyncio.TaskGroup() as tasks:
            lasting = [
                tasks.create_task(self._writer.run()),
                tasks.create_task(self.loop.run()),
                tasks.create_task(self._reaching.run()),
                tasks.create_task(self._effects.run(self._writer.epoch)),
            ]
            await begun
            await self._configure()
            lasting += [tasks.create_task(self._raise_floor()), tasks.create_task(self._view.run())]
            lasting += [tasks.create_task(part.run()) for part in (self._keeper, self._drafts, self._eraser)]
            taking = [tasks.create_task(self._port.run()), tasks.create_task(self._pick_ups.run())]
            taking.append(tasks.create_task(self._take_in()))
            if len(self._with.configuration.desks) > 1:
                taking.append(tasks.create_task(self._neighbours.run()))
            await _either(stopping, again)
            if not stopping.is_set():
                await asyncio.gather(self._port.finish(), *(intake.finish() for intake, _ in self._intakes.values()))
            for task in taking:
                task.cancel()
            await self.loop.finish()
            for task in lasting:
                task.cancel()

    async def _configure(self) -> None:
        """Give an empty log its first configuration, and the intakes the directory of inboxes.

        A log that has a configuration keeps it: a start never changes one (see the design).
        """
        wanted = desk_settings(self._with.configuration, self._desk)
        have = self.loop.state.settings.version
        if have == 0:
            await (await self.loop.submit(Work(ApplySettings(settings=wanted), cause="start")))
        elif have != wanted.version:
            self._with.log.warning("desk.configuration_differs", desk=self._desk.id, log=have, file=wanted.version)
        await self._tell_inboxes()

    async def _tell_inboxes(self) -> None:
        """Every desk's, in one go: an intake that sees some of them would refuse mail for the others. Only what is in
        force is told, and never over what is younger: what an intake does not find it refuses for good.
        """
        version = self._with.configuration.version
        if version != self.loop.state.settings.version:
            return
        directory = KeyValue(self._with.bus, DIRECTORY)
        told = await directory.last(_VERSION)
        if told is not None and told.value and int(told.value) > version:
            return
        inboxes = [(desk, inbox) for desk in self._with.configuration.desks for inbox in desk.inboxes]
        wanted = {
            f"{inbox.channel}.{inbox.id}": encode(
                Inbox(
                    channel=inbox.channel,
                    inbox=inbox.id,
                    desk=desk.id,
                    address=inbox.address,
                    name=inbox.name,
                    languages=inbox.languages,
                    sender=inbox.sender,
                )
            )
            for desk, inbox in inboxes
        }
        have = await directory.get_many(wanted)
        missing = [key for key, entry in zip(wanted, have, strict=True) if entry is None or entry.value != wanted[key]]
        await stored([await directory.begin_put(key, wanted[key]) for key in missing])
        if told is None or told.value != b"%d" % version:
            try:
                await directory.update(_VERSION, b"%d" % version, told.revision if told else 0)
            except WrongSequence:
                return  # another desk's leader tells it at the same time
            await stored([await directory.begin_put(key, b"") for key in sorted(await self._told() - wanted.keys())])

    async def _told(self) -> set[str]:
        """The inboxes that stand in the directory."""
        prefix = f"$KV.{DIRECTORY}."
        async with aclosing(read(self._with.bus, f"KV_{DIRECTORY}", f"{prefix}*.*")) as entries:
            return {entry.subject.removeprefix(prefix) async for entry in entries if entry.data}

    async def _take_in(self) -> None:
        """An intake for each channel that the settings name, or have named, or that has a consumer of ours."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for channel in sorted(channels(self.loop.state)):
                    self._begin_intake(channel, tasks)
                with suppress(Unavailable):
                    for channel in await self._claimed():
                        self._begin_intake(channel, tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._reconfigured.wait()
                if self._reconfigured.is_set():
                    self._reconfigured.clear()
                    await self._tell_inboxes()
                    for _, holding in self._intakes.values():
                        holding.look()

    def _begin_intake(self, channel: ChannelName, tasks: asyncio.TaskGroup) -> None:
        if channel in self._intakes:
            return
        holding = Holding(
            self._with.bus,
            self._desk.id,
            channel,
            self.loop,
            self._effects.reach,
            self._with.log,
            max_ack_pending=4 * _WINDOW,
        )
        intake = self._intake(channel, holding=holding)
        self._intakes[channel] = intake, holding
        tasks.create_task(intake.run())

    async def _claimed(self) -> list[ChannelName]:
        """Further channels where a consumer of ours stands: one who led before has ended between making it and
        saying so in the log, or has made it since. No other desk can take its inboxes. Raises `Unavailable`.
        """
        durable = subject.desk_consumer(self._desk.id)
        others = [channel for channel in self._with.configuration.channels if channel not in self._intakes]
        found = [await consumers.filters(self._with.bus, subject.inbox_stream(channel)) for channel in others]
        return [channel for channel, there in zip(others, found, strict=True) if durable in there]

    async def _decide(self, request: CommandRequest) -> CommandReply:
        if not self._lease.held:
            raise Unavailable("this replica's lease has run out")
        cause = request.request or _kind(request.command)
        work = Work(request.command, cause=cause, request=request.request, body=request.body)
        decided = await (await self.loop.submit(work))
        if not self._lease.held:
            raise Unavailable("this replica's lease has run out")
        return CommandReply(seq=decided.seq, body=decided.body)

    def _effects_done(self, done: Done) -> None:
        self._view.touched(done.contacts)
        self._view.told(done.events)
        self._keeper.carried_out(done.place.seq)
        self._drafts.carried_out(done.drafts)
        if done.keys:
            self._floor = done.place
        if any(isinstance(event, ConfigChanged) for event in done.events):
            self._reconfigured.set()
            self._with.configured.log_has(self.loop.state.settings.version)

    async def _raise_floor(self) -> None:
        """Let the state forget the keys that the indexes hold, a batch of them at a time."""
        raised = None
        while True:
            await asyncio.sleep(_FLOOR_SECONDS)
            if (place := self._floor) is not None and place != raised:
                raised = place
                floor = RaiseIndexFloor(epoch=place.epoch, index=place.index)
                await self.loop.submit(Work(floor, cause="effects"))


async def _either(one: asyncio.Event, other: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(event.wait()) for event in (one, other)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()


def channels(state: DeskState) -> set[ChannelName]:
    """Where the desk has inboxes, or has had some that it may not have given up yet."""
    return {channel for channel, _ in (*state.inboxes, *state.holdings.taken, *state.holdings.released)}


def _kind(command: DeskCommand) -> str:
    return type(command).__name__
