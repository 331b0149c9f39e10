"""A read index that has read what the server lost since: known for it while it runs, and when it is opened again."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.metrics import Metrics
from router.desk.log_store import LostEnd, StreamLogStore
from router.index.follow import follow_log
from router.index.read_index import ReadIndex
from router.index.whole import whole
from tests.integration.router_desk.desk import until
from tests.integration.router_log.leading import DESK, announced


class Quiet:
    def error(self, event: str, **_: Any) -> None: ...


class Enough(Exception):
    """The index has come as far as is wanted."""


def opened(folder: Path) -> ReadIndex:
    return ReadIndex(folder, "streams", clock=lambda: datetime.now(UTC), metrics=Metrics("test"), log=Quiet())  # type: ignore[arg-type]


async def read_to_the_end(index: ReadIndex, bus: Bus, seq: int) -> None:
    def caught_up() -> None:
        if index.log_position(DESK).seq >= seq:
            raise Enough

    with pytest.raises(Enough):
        await follow_log(index, DESK, StreamLogStore(bus, DESK), caught_up)


async def test_an_index_that_has_read_a_lost_end_is_told_apart_from_one_that_has_not(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    store = StreamLogStore(provisioned, DESK)
    await announced(store, "one")
    await nats.kill()
    shutil.copytree(nats.config.store, tmp_path / "older")
    await nats.start()
    index = opened(tmp_path / "index")
    await read_to_the_end(index, provisioned, 1)
    assert await whole(provisioned, index, [DESK])
    await announced(store, "two")
    await read_to_the_end(index, provisioned, 2)
    assert await whole(provisioned, index, [DESK])
    await nats.kill()
    await until(lambda: not provisioned.connected)
    shutil.rmtree(nats.config.store)
    shutil.copytree(tmp_path / "older", nats.config.store)
    await nats.start()
    await provisioned.wait_connected()
    assert not await whole(provisioned, index, [DESK])
    for name in ("three", "four"):
        await announced(store, name)
    assert not await whole(provisioned, index, [DESK])

    with pytest.raises(LostEnd):
        await follow_log(index, DESK, store, lambda: None)
    index.throw_away()
    anew = opened(tmp_path / "index")
    assert anew.log_position(DESK).seq == 0
    await read_to_the_end(anew, provisioned, 3)
    assert await whole(provisioned, anew, [DESK])
    anew.close()
