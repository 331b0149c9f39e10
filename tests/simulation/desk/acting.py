"""A run of one desk in which people also do what its seed says: see `acts.py`."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random

import msgspec

from frontline.configuration.model import Configuration
from frontline.contract.codec import decode_inbound
from frontline.contract.message import DeliveryReceipt, DeliveryState, InboundMessage, OutboundKind, OutboundMessage
from frontline.runtime.reader import Stored
from tests.simulation.desk import (
    acts,
    carried,
    check_ins,
    erasure,
    escalations,
    firm,
    history,
    letters,
    promises,
    shown_as,
    standing,
)
from tests.simulation.desk.acts import Acts
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.carrier import Carrier
from tests.simulation.desk.clerk import Clerk
from tests.simulation.desk.client import SimulatedClient
from tests.simulation.desk.known import Known
from tests.simulation.desk.letters import Wishes, Written, letter_in, wish_of
from tests.simulation.desk.people import Channel
from tests.simulation.desk.process import Process
from tests.simulation.desk.scenario import Happening, Scenario
from tests.simulation.desk.shown import Shown
from tests.simulation.desk.trouble import LOG, Trouble, overtake

AGAIN_AFTER = timedelta(seconds=40)
"""When the second pass of an erasure comes: what was under way at the first is there by then, as faults go here."""


class Customers(Channel):
    """No two of them say the same, but for those who want no check-ins. With `broker` what was delivered is acknowledged."""

    acts: Acts
    broker: Broker | None = None

    def deliver(self, record: Stored) -> None:
        if self.acts.carrying:
            return  # somebody else does, see `carrier.py`
        super().deliver(record)
        if self.broker is not None:
            delete = self.broker.streams["OUTBOX"].delete
            asyncio.get_running_loop().call_later(self.acts.random.uniform(0, 3), delete, record.seq)

    def _mail(self, *, live: bool) -> InboundMessage:
        message = super()._mail(live=live)
        return msgspec.structs.replace(message, text=self.acts.words(message))

    def _told_of(self, out: OutboundMessage) -> tuple[DeliveryState, ...]:
        if out.kind is OutboundKind.CHECK_IN and self._world.over.is_set():
            return ()  # or it would still be under way when everything ends
        if self.acts.bouncing and self.acts.random.random() < 0.5:
            return (DeliveryState.FAILED,)
        return super()._told_of(out)

    def _told_after(self) -> float:
        return self.acts.random.uniform(0, 9) if self.acts.bouncing else super()._told_after()


class Acting(Scenario):
    def __init__(self, seed: int, trouble: Trouble | None = None, does: Acts | None = None) -> None:
        super().__init__(seed, trouble)
        self.acts = does or acts.draw(seed)
        self.configuration = self.acts.configuration()
        self.wishes: Wishes = {}
        self.met: set[str] = set()
        self.letters: Written = Counter()
        self.shown = Shown() if self.acts.moving or self.acts.indexed or self.acts.erasing else None
        if self.acts.behind:
            self._faults.stale = 0.6

    async def _begin(self) -> None:
        if self.acts.carrying:
            random = Random(self.acts.random.random())
            self.carrier = Carrier(self.broker, random, self._faults, self.wrong, self.channel.sent)
            await self.carrier.start()

    def _all_clients(self) -> list[SimulatedClient]:
        return [*super()._all_clients(), *((self.carrier.client,) if self.acts.carrying else ())]

    async def _all_down(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        if self.acts.carrying:
            await self.carrier.crash()
        await super()._all_down(seconds, meanwhile)
        if self.acts.carrying:
            await self.carrier.start()

    async def _make_peace(self) -> None:
        await super()._make_peace()
        if self.acts.carrying:
            self.carrier.calm()

    def _process(self) -> Process:
        process = super()._process()
        process.configuration = self.configuration
        if self.acts.erasing and self.shown is not None:
            process.acquaintance = Known(self.shown)
            process.erase_again_after = AGAIN_AFTER
        return process

    def _customers(self, random: Random) -> Channel:
        customers = Customers(self, self._bus, random)
        customers.acts, customers.broker = self.acts, self.broker if self.acts.erasing else None
        if self.acts.bouncing:
            customers.answers = 0.85
        return customers

    def _employ(self) -> list["asyncio.Task[None]"]:
        working = super()._employ()
        if self.acts.busy_clerk:
            clerk = Clerk(self, self.acts, self.shown, self.acts.random)
            self.colleagues.append(clerk)
            working.append(asyncio.create_task(clerk.work()))
        return working

    def _losses(self) -> dict[Happening, float]:
        """What was erased where it had been moved to is gone, and the log may have lost that it was moved: another story."""
        return {} if self.acts.erasing and self.acts.moving else super()._losses()

    def _besides(self) -> list[Happening]:
        found: list[Happening] = []
        if self.acts.repricing:
            found += [self._reconfigure] * self.acts.random.randint(1, 3)
        if self.acts.bouncing:
            found += [self._write] * 20
        if self.acts.overtaken:
            found.append(partial(overtake, self))
        if self.acts.carrying:
            found += self.acts.random.choices((self._crash_carrier, self._stop_carrier), k=3)
        return found

    async def _crash_carrier(self) -> None:
        self._note("carrier crashed")
        await self.carrier.crash()
        await self.carrier.start()

    async def _stop_carrier(self) -> None:
        self._note("carrier stopped")
        self.carrier.stop()
        asyncio.get_running_loop().call_later(self.acts.random.uniform(0.1, 6), self.carrier.go_on)

    def _changed(self) -> Configuration:
        changed = firm.changed(self._version, self._random, self.configuration)
        return self.acts.changed(changed, self._version)

    def _stored(self, stream: str, record: Stored) -> None:
        if self.shown is not None:
            self.shown.note(stream, record)
        if stream == "KV_CUSTOMERS" and (customer := wish_of(record.subject)) is not None:
            self.wishes.setdefault(customer, record.at)
        if stream == "KV_CUSTOMERS" and record.data:
            self.met.add(record.subject.removeprefix("$KV.CUSTOMERS."))
        if stream.startswith("INBOX_") and self.acts.carrying:
            told = decode_inbound(record.data)
            if isinstance(told, DeliveryReceipt):
                self.channel.sent.accepted[told.id] = told
        if stream == "PARKED" and self.acts.erasing:
            self.channel.sent.parked.add(record.data)
        if stream == "OUTBOX" and (letter := letter_in(record.data)) is not None:
            self.letters[letter.id, self.forgettings] += 1
            if not letters.answers_only_others(letter):
                self.wrong.append(f"the check-in {letter.id} answers itself")
        super()._stored(stream, record)

    def log_lost(self, name: str) -> None:
        super().log_lost(name)
        if self.shown is not None:
            streams = self.broker.streams
            self.shown.begin_again(streams[LOG].records.values(), streams["TRANSCRIPT"].records.values())

    def _check_ends(self) -> None:
        log = self.truth.log
        if self.acts.carrying and not self.lost:
            stands = standing.by_log(log)
            gone = stands.gone()
            gone |= {id_ for id_, (event, *_) in self.truth.check_ins.items() if event.contact in stands.erased}
            self.channel.sent.delivered.update(carried.check(self.broker, self.channel.sent, gone))
        super()._check_ends()
        escalations.fire_once(log, self.limit)
        silent, written = check_ins.written(log, self.limit), check_ins.recorded(log)
        assert written == silent, f"check-ins, as on record and as told from the story: {set(written) ^ set(silent)}"
        stands = standing.by_log(log)
        if self.acts.erasing:
            erasure.opens_anew(log)
            erasure.check(self.broker, log, stands, self.channel.sent, self.met)
        if self.lost:
            return
        standing.check(self.broker, stands, promises.put_aside(self))
        elsewhere = history.moved_between(log) | stands.erased
        letters.check(self.broker, self.truth, self.wishes, self.letters, self._settled, elsewhere)
        if self.acts.indexed and self.shown is not None:
            unwritten = promises.put_aside(self) - standing.lines_of(self.broker).keys()
            shown_as.check(self.shown, self.truth.state, stands, unwritten)

    def _quiet(self) -> bool:
        carried_out = not self.acts.carrying or not self.broker.streams["OUTBOX"].records
        return super()._quiet() and carried_out and erasure.is_done(self.broker)

    async def _check(self) -> None:
        if self.acts.carrying:
            await self.carrier.crash()
        await super()._check()
