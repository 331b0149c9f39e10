"""The promises of a whole desk (`desk/promises.py`), and of two (`desk/between_promises.py`), over some seeds; `make simulate` runs
thousands.

`make simulate SEEDS=1 FIRST=123` runs one again. So does `FRONTLINE_SEED=123` with these tests.
"""

import os
import subprocess
import sys
from collections import Counter
from functools import partial

import pytest

from tests.simulation.desk import scenario
from tests.simulation.desk.acting import Acting
from tests.simulation.desk.acts import only
from tests.simulation.desk.drawn import simulate
from tests.simulation.desk.trouble import Trouble, lose_end

_SEED = os.environ.get("FRONTLINE_SEED")
_SEEDS = 60
_A_TEST = 20

ACTS = ("moving", "erasing", "escalating", "checking_in", "repricing", "carrying", "bouncing")
KINDS = (
    "CheckInDue",
    "ClockRebased",
    "ConfigChanged",
    "ContactErased",
    "ContactMerged",
    "ContactTaken",
    "ContactUnmerged",
    "CustomerErased",
    "DeliveryRecorded",
    "DutyChanged",
    "Escalated",
    "InboxReleased",
    "MessagesTaken",
    "PromiseMade",
    "RotaSwapped",
    "TransferRefused",
    "acknowledgement late",
    "acknowledgement lost",
    "carrier crashed",
    "answer doubled",
    "clock stepped",
    "connection lost",
    "crash at an await",
    "crash",
    "desk.given_up WrongClock",
    "desk.lost",
    "desk.sent_on",
    "duplicate",
    "desk.log_lost_its_end",
    "end lost",
    "end lost under the living",
    "five minutes down",
    "from a snapshot",
    "full",
    "inbox moved",
    "late",
    "network stalled",
    "purged DESK",
    "redelivered",
    "request doubled",
    "request lost",
    "server away",
    "server forgot ids",
    "snapshot",
    "stale read",
    "stood by",
    "stopped",
    "three days",
    "usurped",
    "wrong clock",
    "wrong sequence",
)


@pytest.mark.parametrize("first", [int(_SEED)] if _SEED else range(0, _SEEDS, _A_TEST))
def test_a_desk_keeps_its_promises_whatever_goes_wrong(first: int) -> None:
    for seed in range(first, first + (1 if _SEED else _A_TEST)):
        simulate(seed)


@pytest.mark.parametrize("number", [4, 5, 4069])
def test_a_seed_replays_exactly_in_this_process_and_in_another(number: int) -> None:
    here = simulate(number).digest
    assert simulate(number).digest == here
    code = f"from tests.simulation.desk.drawn import simulate; print(simulate({number}).digest)"
    for seed in ("1", "4"):
        env = os.environ | {"PYTHONHASHSEED": seed}
        there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        assert there.stdout.strip() == here


def test_every_kind_of_trouble_comes_up_and_much_is_decided_all_the_same() -> None:
    seen = Counter(scenario.simulate(100, Trouble(lose_end)).seen)  # few come to it by themselves, and to any one act
    for seed in range(3):
        seen += scenario.simulate(seed, kind=partial(Acting, does=only(seed, *ACTS))).seen
    for seed in range(100, 180):
        seen += simulate(seed).seen
        if not [kind for kind in KINDS if not seen[kind]] and seen["commits"] > 1_000:
            return
    assert [kind for kind in KINDS if not seen[kind]] == []
    assert seen["commits"] > 1_000
