"""Any one process may die at any instant: what was accepted is there, once."""

import asyncio
import os
import random
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.chaos.ledger import Ledger
from tests.e2e.running import Running, children, frontline, until

MAILS = 500
KILLS = 12
SEED = int(os.environ.get("FRONTLINE_SEED", "1"))


@pytest.mark.timeout(240)
async def test_kill_9_of_any_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with frontline(tmp_path / "data") as running:
        assert set(children(running)) >= {"nats-server", "intake-email", "router"}
        ledger = Ledger()
        killed: Counter[str] = Counter()
        sending = asyncio.create_task(ledger.send_all(running, range(MAILS), senders=8))
        for kill in range(KILLS):
            accepted = len(ledger.accepted)
            goal = min((kill + 1) * MAILS // (KILLS + 2) + chance.randrange(20), MAILS - 5)
            await until(partial(_reached, ledger, goal), seconds=60)
            assert len(ledger.accepted) >= accepted
            alive = children(running)
            name = chance.choice(sorted(alive))
            os.kill(alive[name], signal.SIGKILL)
            killed[name] += 1
            await until(partial(_is_back, running, name, alive[name]), seconds=30)
        await sending
        assert len(ledger.accepted) == MAILS

        await until(lambda: _all_there(running), seconds=60)
        contacts = await running.contacts()
        subjects = Counter(contact["subject"] for contact in contacts)
        assert subjects == Counter(ledger.accepted), "each accepted mail is one contact"
        for contact in contacts:
            items = (await running.get(f"/api/contacts/{contact['id']}/transcript"))["items"]
            assert [item["kind"] for item in items] == ["message"], "and one message in it"
        assert (await running.get("/api/parked"))["items"] == []
    print(f"seed {SEED}: killed {dict(killed)}, put off {dict(ledger.put_off)}, cut off {ledger.cut_off}")


async def _reached(ledger: Ledger, goal: int) -> bool:
    return len(ledger.accepted) >= goal


async def _is_back(running: Running, name: str, old: int) -> bool:
    return children(running).get(name, old) != old


async def _all_there(running: Running) -> bool:
    try:
        return len(await running.contacts("&q=ledger")) >= MAILS
    except (AssertionError, OSError):
        return False
