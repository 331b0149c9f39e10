"""Pure rooms are pure: no await, clock, chance, environment, log, I/O or memory."""

import pytest

from tests.architecture import sources
from tests.architecture.purity import impurities

PORTS = {"frontline.contract.channel"}


def test_a_pure_room_is_pure() -> None:
    found = {room.module: impurities(room.text, protocols_may_await=room.module in PORTS) for room in sources.pure()}
    assert {module: faults for module, faults in found.items() if faults} == {}


def test_the_rooms_that_the_design_calls_pure_are_looked_at() -> None:
    modules = {source.module for source in sources.pure()}
    assert {
        "frontline.contract.message",
        "frontline.contract.codec",
        "router.core.event",
        "router.core.command",
    } <= modules


@pytest.mark.parametrize("text", ['"""Figures. Pure."""', '"""From a to b: pure, and never an error."""'])
def test_a_module_that_says_it_is_pure_is_held_to_it(text: str) -> None:
    assert sources.says_it_is_pure(text)


@pytest.mark.parametrize("text", ['"""Edges get a clock, pure rooms an instant."""', '"""Impure."""', "PURE = 'pure.'"])
def test_a_module_that_only_mentions_purity_is_not_held_to_it(text: str) -> None:
    assert not sources.says_it_is_pure(text)


@pytest.mark.parametrize(
    "planted,fault",
    [
        ("import asyncio", "imports asyncio"),
        ("from asyncio import sleep", "imports asyncio"),
        ("import os", "imports os"),
        ("from os import environ", "imports os"),
        ("import os.path as p", "imports os.path"),
        ("import time", "imports time"),
        ("from time import monotonic", "imports time"),
        ("import random", "imports random"),
        ("import secrets", "imports secrets"),
        ("from uuid import uuid4", "imports uuid"),
        ("import logging", "imports logging"),
        ("import sys", "imports sys"),
        ("from pathlib import Path", "imports pathlib"),
        ("from urllib.request import urlopen", "imports urllib.request"),
        ("import http.client", "imports http.client"),
        ("import nats", "imports nats"),
        ("from nats.aio.client import Client", "imports nats.aio.client"),
        ("from frontline.runtime.bus import Bus", "imports frontline.runtime.bus"),
        ("import structlog", "imports structlog"),
        ("from datetime import datetime\nx = datetime.now()", "datetime.now"),
        ("from datetime import datetime as d, UTC\nx = d.now(UTC)", "datetime.now"),
        ("import datetime\nx = datetime.datetime.utcnow()", "datetime.utcnow"),
        ("from datetime import date\nx = date.today()", "date.today"),
        ("def f(instant):\n    return type(instant).now()", "reads a clock"),
        ("from email.utils import make_msgid\nx = make_msgid()", "make_msgid"),
        ("from email.utils import formatdate\nx = formatdate()", "without saying when"),
        ("x = open('notes')", "calls open"),
        ("print('here')", "calls print"),
        ("x = __import__('os')", "calls __import__"),
        ("x = eval('1')", "calls eval"),
        ("def f(name):\n    return hash(name) % 16", "calls hash"),
        ("async def f(): ...", "async def f"),
        ("class P(Protocol):\n    async def f(self):\n        return 1", "async def f"),
        ("async def f():\n    await g()", "await"),
        ("async def f():\n    async for x in g(): pass", "await"),
        ("n = 0\ndef f():\n    global n\n    n += 1", "global"),
        ("_seen = {}", "remembers in _seen"),
        ("_seen: dict[str, int] = {}", "remembers in _seen"),
        ("_seen = set()", "remembers in _seen"),
        ("from collections import defaultdict\n_seen = defaultdict(list)", "remembers in _seen"),
    ],
)
def test_a_planted_impurity_is_caught(planted: str, fault: str) -> None:
    assert any(fault in line for line in impurities(planted, protocols_may_await=True))


@pytest.mark.parametrize(
    "innocent",
    [
        "from urllib.parse import quote",
        "from urllib import parse",
        "from http import HTTPStatus",
        "from datetime import UTC, datetime, timedelta\ndef f(now: datetime) -> datetime:\n    return now + timedelta(1)",
        "import msgspec\nfrom frontline.contract.message import Identity",
        "TABLE = {'a': 1}\nNAMES = frozenset({'a'})\nMORE = set(['a'])",
        "class P(Protocol):\n    async def f(self) -> None:\n        '''Do it.'''\n        ...",
        "from email.utils import formatdate\ndef f(at):\n    return formatdate(at)",
    ],
)
def test_innocent_code_is_left_alone(innocent: str) -> None:
    assert impurities(innocent, protocols_may_await=True) == []


def test_only_the_ports_may_declare_what_is_awaited() -> None:
    declared = "class P(Protocol):\n    async def f(self) -> None: ..."
    assert impurities(declared, protocols_may_await=True) == []
    assert impurities(declared) == ["2: async def f"]
