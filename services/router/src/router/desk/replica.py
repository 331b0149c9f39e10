"""One replica of one desk: a warm standby that leads when it gets the lease, and starts afresh
from the log when it loses it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from frontline.configuration.model import Desk
from frontline.contract import subject
from frontline.contract.erasure import ERASED
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, DeskId, KeyHash
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import last_on
from frontline.runtime.topology import LEASES
from router.core.advance import Torn
from router.core.commit import FORMAT, EpochRecord, encode_epoch
from router.core.gone import Gone
from router.core.overlay import Position
from router.core.snapshot import UnreadableSnapshot
from router.desk.clock import DeskClock, WrongClock, check
from router.desk.copied import Copied
from router.desk.fence import mark_of
from router.desk.follower import Follower
from router.desk.leader import Leader
from router.desk.lease import Lease, LeaseLost
from router.desk.log import Deposed, LogWriter, announce
from router.desk.log_store import LogStore, LostEnd, StreamLogStore
from router.desk.snapshots import Snapshots
from router.desk.surroundings import Surroundings

_AGAIN_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 0.05


class Newer(Exception):
    """The log holds what this code can't read: this replica may neither lead nor follow."""


class Replica:
    """`epoch` is the one in force as far as this replica knows; commands go to its leader."""

    def __init__(self, desk: Desk, holder: str, surroundings: Surroundings) -> None:
        self._desk = desk
        self._holder = holder
        self._with = surroundings
        self._store: LogStore = StreamLogStore(surroundings.bus, desk.id)
        self._leases = KeyValue(surroundings.bus, LEASES)
        self._follower: Follower | None = None
        self._leader: Leader | None = None
        self._again = asyncio.Event()
        surroundings.configured.when_taken_over(lambda _: self._again.set())

    @property
    def version(self) -> int:
        """That of the settings in the desk's log, as far as this replica knows."""
        return self._follower.state.settings.version if self._follower else 0

    @property
    def desk(self) -> DeskId:
        return self._desk.id

    @property
    def epoch(self) -> int:
        return self._follower.fence.epoch if self._follower else 0

    @property
    def leads(self) -> bool:
        return self._leader is not None

    @property
    def leader(self) -> Leader | None:
        return self._leader

    def holds(self, contact: ContactId) -> bool:
        """Whether the desk has the contact, as far as this replica knows."""
        return self._follower is not None and contact in self._follower.state.contacts

    def left(self, contact: ContactId) -> Gone | None:
        """Where the contact went from the desk, as far as this replica knows."""
        return None if self._follower is None else self._follower.state.elsewhere.get(contact)

    def placed(self, key: KeyHash) -> ContactId | None:
        """Where the message with this idempotency key went, if the desk has decided it and has not left its key to the
        index yet; `ERASED` if that was erased. As far as this replica knows.
        """
        state = self._follower.state if self._follower else None
        placement = state.overlay.placement(key) if state else None
        if state is None or placement is None:
            return None
        return ERASED if placement.contact in state.erased else placement.contact

    async def check(self) -> None:
        """Raises `Unavailable` unless all that this replica knows counts, and is still in the desk's log."""
        await self.copied().check()

    @property
    def floor(self) -> Position:
        """Up to where the desk has left its keys to the index, as far as this replica knows."""
        return self._follower.state.overlay.floor if self._follower else (0, 0)

    def copied(self) -> Copied:
        """What this replica knows of the desk. Raises `Unavailable` before it knows anything."""
        follower, leader = self._follower, self._leader
        if follower is None:
            raise Unavailable(f"nothing is known of desk {self.desk} yet")

        async def counted() -> None:
            if follower is not self._follower:
                raise Unavailable(f"what is known of desk {self.desk} is read anew")
            if leader is not None:
                try:
                    async with asyncio.timeout(self._with.lease_seconds):
                        await leader.loop.counted()
                except (Deposed, TimeoutError):  # one that has ended meanwhile tells nobody
                    raise Unavailable(f"what is decided at desk {self.desk} does not count yet") from None

        return Copied(follower.state, follower.fence, self._store, counted, self.desk)

    async def read_up(self) -> None:
        """Return once this replica knows everything that the desk's log has had when this was called, however long that
        takes. Raises `Unavailable`.
        """
        found = await last_on(self._with.bus, subject.desk_stream(self.desk), subject.desk_all(self.desk))
        last = found.seq if found else 0
        while self._follower is None or self._follower.fence.seq < last:  # noqa: ASYNC110 - a leader's writer tells nobody
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def run(self, stopping: asyncio.Event) -> None:
        """Follow and lead until `stopping`; hands the lease over then. Raises `Newer`."""
        while not stopping.is_set():
            try:
                await self._once(stopping)
            except* (Deposed, LeaseLost) as lost:
                self._with.log.warning("desk.lost", desk=self._desk.id, why=type(next(_leaves(lost))).__name__)
            except* LostEnd:
                self._with.log.error("desk.log_lost_its_end", desk=self._desk.id)
                self._with.figures.lost_end(self._desk.id)
                await _pause(stopping)
            except* (WrongClock, Torn, Unavailable, UnreadableSnapshot, msgspec.DecodeError) as errors:
                for error in _leaves(errors):
                    self._with.log.error("desk.given_up", desk=self._desk.id, error=type(error).__name__)
                await _pause(stopping)
            finally:
                self._leader = None
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError  # a group of tasks that fails while it is cancelled tells of the failure only

    async def _once(self, stopping: asyncio.Event) -> None:
        follower = Follower(self._desk.id, self._store, self._with.configured.log_has)
        await follower.begin(Snapshots(self._with.bus, self._desk.id))
        former, self._follower = self._follower, follower
        if former is not None:
            former.let_go()
        lease = Lease(
            self._leases,
            self._desk.id,
            self._holder,
            ttl=self._with.lease_seconds,
            monotonic=self._with.monotonic,
        )
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(_follow(follower))
            stop = tasks.create_task(stopping.wait())
            acquiring = tasks.create_task(lease.acquire())
            await asyncio.wait((stop, acquiring), return_when=asyncio.FIRST_COMPLETED)
            if not acquiring.done() or stopping.is_set():
                acquiring.cancel()
                following.cancel()
                stop.cancel()
                await lease.release()
                return
            acquiring.result()
            try:
                keeping = tasks.create_task(lease.keep())
                while True:
                    await self._lead(follower, following, lease, stopping)
                    if stopping.is_set():
                        break
                    following = tasks.create_task(_follow(follower))
                keeping.cancel()
            finally:
                await lease.release()
            stop.cancel()

    async def _lead(
        self, follower: Follower, following: asyncio.Task[None], lease: Lease, stopping: asyncio.Event
    ) -> None:
        """Lead for an epoch: until `stopping`, or until another configuration is in force. All that a leader makes
        of one is made anew then; state and lease stay.
        """
        self._again.clear()
        clock = DeskClock(
            self._with.wall, self._with.monotonic
        )  # the very one that is checked: a clock may step meanwhile
        sent = clock()
        record = EpochRecord(leader=self._holder, at=sent, format=FORMAT)
        epoch = await announce(self._store, record)
        acknowledged = clock()
        await self._reach(follower, epoch, mark_of(encode_epoch(record)))
        following.cancel()
        if follower.fence.epoch != epoch or follower.epoch_began is None:
            raise Deposed
        check(sent, follower.epoch_began.at, acknowledged)
        writer = LogWriter(self._store, follower.fence)
        self._leader = Leader(
            desk=self._with.configured.desk(self._desk.id) or self._desk,
            state=follower.state,
            writer=writer,
            store=self._store,
            lease=lease,
            clock=clock,
            surroundings=self._with,
        )
        self._with.log.info("desk.led", desk=self._desk.id, epoch=epoch)
        await self._leader.run(stopping, self._again)

    async def _reach(self, follower: Follower, epoch: int, mark: str) -> None:
        """Read up to our own record, however long that takes. Raises `Deposed` if the log has lost it meanwhile."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._with.lease_seconds):
                    await follower.reach(epoch)
                    return
            with suppress(Unavailable):
                if not await self._store.holds(epoch, mark):
                    raise Deposed


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What went wrong, out of the groups of tasks in which it did."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


async def _pause(stopping: asyncio.Event) -> None:
    """Whatever it was may be there still: trying again at once and for ever helps nobody."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_AGAIN_SECONDS):
            await stopping.wait()


async def _follow(follower: Follower) -> None:
    try:
        await follower.run()
    except msgspec.DecodeError as error:
        raise Newer(str(error)) from error
