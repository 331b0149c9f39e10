"""Objects on a real nats-server."""

from collections.abc import AsyncIterator

import pytest

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus
from frontline.runtime.objects import CHUNK, Objects, one, whole


async def stored_messages(bus: Bus) -> int:
    info = await bus.nc.jetstream().stream_info("OBJ_ORIGINALS")
    return info.state.messages


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 20 * CHUNK + 7])
async def test_what_is_put_is_what_is_got(provisioned: Bus, size: int) -> None:
    objects = Objects(provisioned)
    data = bytes(number % 251 for number in range(size))
    ref = await objects.put("ORIGINALS", "m1/0", one(data))
    assert ref.size == size
    assert await whole(objects.get(ref)) == data


async def test_the_nats_client_s_own_object_store_reads_it(provisioned: Bus) -> None:
    data = b"x" * (CHUNK + 5)
    await Objects(provisioned).put("ORIGINALS", "m1/0", one(data))
    store = await provisioned.nc.jetstream().object_store("ORIGINALS")
    assert (await store.get("m1/0")).data == data


async def test_putting_a_name_again_leaves_nothing_of_what_was_there(provisioned: Bus) -> None:
    objects = Objects(provisioned)
    await objects.put("ORIGINALS", "m1/0", one(b"x" * 3 * CHUNK))
    again = await objects.put("ORIGINALS", "m1/0", one(b"y"))
    assert await whole(objects.get(again)) == b"y"
    assert await stored_messages(provisioned) == 2, "one chunk and one name"


async def test_a_source_that_fails_leaves_nothing_behind(provisioned: Bus) -> None:
    async def breaks_off() -> AsyncIterator[bytes]:
        yield b"x" * CHUNK
        raise RuntimeError("the sender went away")

    with pytest.raises(RuntimeError):
        await Objects(provisioned).put("ORIGINALS", "m1/0", breaks_off())
    assert await stored_messages(provisioned) == 0


async def test_an_object_that_is_not_what_was_stored_is_not_passed_off_as_it(provisioned: Bus) -> None:
    objects = Objects(provisioned)
    first = await objects.put("ORIGINALS", "m1/0", one(b"first"))
    await objects.put("ORIGINALS", "m1/0", one(b"other"))
    with pytest.raises(Unavailable):
        await whole(objects.get(first))
