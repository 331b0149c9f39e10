"""A refusal is not remembered: a copy of what was refused, should the network bring one, is decided as things stand then."""

from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest

from frontline.contract import subject
from frontline.contract.ids import AgentId, ContactId
from frontline.runtime.topology import stream_configs
from router.core.command import ChangeLane
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.firm import SUPPORT, TOPOLOGY
from tests.simulation.desk.people import Asked
from tests.simulation.desk.promises import OneDesk, answers_are_true

REQUEST = "clerk-1"
COMMAND = subject.command(SUPPORT, 1)
BODY = b'{"command":{"type":"ChangeLane","contact":"c1","agent":"cid","lane":"vip"},"request":"clerk-1"}'


class Leader:
    """Who listens is all that counts here."""

    def deliver(self, subject: str, reply: str, data: bytes, headers: dict[str, str] | None) -> None:
        return


def test_what_was_refused_may_be_decided_when_it_comes_again() -> None:
    broker = _led()
    broker.receive(COMMAND, "", BODY, None)
    broker.receive(COMMAND, "", BODY, None)
    answers_are_true(_run(broker, decided_at=_commit(broker)))


def test_what_was_refused_and_came_once_is_never_decided() -> None:
    broker = _led()
    broker.receive(COMMAND, "", BODY, None)
    with pytest.raises(AssertionError, match="was refused"):
        answers_are_true(_run(broker, decided_at=_commit(broker)))


def test_what_is_decided_is_not_refused_when_it_comes_again() -> None:
    broker = _led()
    broker.receive(COMMAND, "", BODY, None)
    decided = _commit(broker)
    broker.receive(COMMAND, "", BODY, None)
    with pytest.raises(AssertionError, match="was refused"):
        answers_are_true(_run(broker, decided_at=decided))


def test_what_came_while_nobody_led_has_not_come() -> None:
    broker = Broker(stream_configs(TOPOLOGY), lambda: 0.0)
    broker.receive(COMMAND, "", BODY, None)
    broker.listen(COMMAND, Leader())
    broker.receive(COMMAND, "", BODY, None)
    with pytest.raises(AssertionError, match="was refused"):
        answers_are_true(_run(broker, decided_at=_commit(broker)))


def _led() -> Broker:
    broker = Broker(stream_configs(TOPOLOGY), lambda: 0.0)
    broker.listen(COMMAND, Leader())
    return broker


def _commit(broker: Broker) -> int:
    broker.receive(subject.desk_log(SUPPORT), "", b"a commit", None)
    return broker.streams[subject.desk_stream(SUPPORT)].last


def _run(broker: Broker, *, decided_at: int) -> OneDesk:
    command = ChangeLane(contact=ContactId("c1"), agent=AgentId("cid"), lane="vip")
    asked = Asked(REQUEST, command, refused="unknown_agent")
    truth = SimpleNamespace(requests=Counter({REQUEST: 1}), seq_of={REQUEST: decided_at})
    run = SimpleNamespace(desk=SUPPORT, broker=broker, truth=truth, colleagues=[SimpleNamespace(asked=[asked])])
    return cast("OneDesk", run)
