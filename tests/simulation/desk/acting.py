"""A run of one desk in which people also do what its seed says: see `acts.py`."""

import asyncio
from functools import partial
from random import Random

import msgspec

from frontline.configuration.model import Configuration
from frontline.contract.message import DeliveryState, InboundMessage, OutboundKind, OutboundMessage
from frontline.runtime.reader import Stored
from tests.simulation.desk import acts, check_ins, escalations, firm, history, letters, promises, standing
from tests.simulation.desk.acts import Acts
from tests.simulation.desk.clerk import Clerk
from tests.simulation.desk.letters import Wishes, wish_of
from tests.simulation.desk.people import Channel
from tests.simulation.desk.process import Process
from tests.simulation.desk.scenario import Happening, Scenario
from tests.simulation.desk.shown import Shown
from tests.simulation.desk.trouble import LOG, Trouble, overtake


class Customers(Channel):
    """No two of them say the same, but for those who want no check-ins."""

    acts: Acts

    def _mail(self, *, live: bool) -> InboundMessage:
        message = super()._mail(live=live)
        return msgspec.structs.replace(message, text=self.acts.words(message))

    def _told_of(self, out: OutboundMessage) -> tuple[DeliveryState, ...]:
        late = out.kind is OutboundKind.CHECK_IN and self._world.over.is_set()
        return () if late else super()._told_of(out)  # or it would still be under way when everything ends


class Acting(Scenario):
    def __init__(self, seed: int, trouble: Trouble | None = None, does: Acts | None = None) -> None:
        super().__init__(seed, trouble)
        self.acts = does or acts.draw(seed)
        self.configuration = self.acts.configuration()
        self.wishes: Wishes = {}
        self.shown = Shown() if self.acts.moving or self.acts.indexed else None
        if self.acts.behind:
            self._faults.stale = 0.6

    def _process(self) -> Process:
        process = super()._process()
        process.configuration = self.configuration
        return process

    def _customers(self, random: Random) -> Channel:
        customers = Customers(self, self._bus, random)
        customers.acts = self.acts
        return customers

    def _employ(self) -> list["asyncio.Task[None]"]:
        working = super()._employ()
        if self.acts.busy_clerk:
            clerk = Clerk(self, self.acts, self.shown, self.acts.random)
            self.colleagues.append(clerk)
            working.append(asyncio.create_task(clerk.work()))
        return working

    def _besides(self) -> list[Happening]:
        found: list[Happening] = []
        if self.acts.repricing:
            found += [self._reconfigure] * self.acts.random.randint(1, 3)
        if self.acts.overtaken:
            found.append(partial(overtake, self))
        return found

    def _changed(self) -> Configuration:
        changed = firm.changed(self._version, self._random, self.configuration)
        return self.acts.changed(changed, self._version)

    def _stored(self, stream: str, record: Stored) -> None:
        if self.shown is not None:
            self.shown.note(stream, record)
        if stream == "KV_CUSTOMERS" and (customer := wish_of(record.subject)) is not None:
            self.wishes.setdefault(customer, record.at)
        super()._stored(stream, record)

    def log_lost(self) -> None:
        if self.shown is not None:
            streams = self.broker.streams
            self.shown.begin_again(streams[LOG].records.values(), streams["TRANSCRIPT"].records.values())

    def _check_ends(self) -> None:
        super()._check_ends()
        log = self.truth.log
        escalations.fire_once(log, self.limit)
        silent, written = check_ins.written(log, self.limit), check_ins.recorded(log)
        assert written == silent, f"check-ins, as on record and as told from the story: {set(written) ^ set(silent)}"
        if not self.lost:
            standing.check(self.broker, log, promises.put_aside(self))
            letters.check(self.broker, self.truth, self.wishes, self._settled, history.moved_between(log))
