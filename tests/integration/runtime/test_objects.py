"""Objects on a real nats-server."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from frontline.contract.error import Unavailable
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.objects import CHUNK, Objects, one
from tests.chunks import whole


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


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
async def test_what_is_kept_under_a_known_digest_is_what_is_got(provisioned: Bus, size: int) -> None:
    objects = Objects(provisioned)
    data = bytes(number % 251 for number in range(size))
    ref = ObjectRef(bucket="ORIGINALS", name="m1/0", size=size, sha256=hashlib.sha256(data).hexdigest())
    for _ in range(2):  # a repeat takes the place of what was there
        await objects.keep(ref, data)
        assert await whole(objects.get(ref)) == data
    assert await stored_messages(provisioned) == (size + CHUNK - 1) // CHUNK + 1
    store = await provisioned.nc.jetstream().object_store("ORIGINALS")
    assert (await store.get("m1/0")).data == data


async def test_a_bucket_without_room_keeps_nothing_and_says_so(provisioned: Bus) -> None:
    stream = await provisioned.nc.jetstream().stream_info("OBJ_ORIGINALS")
    await provisioned.nc.jetstream().update_stream(stream.config, max_bytes=20_000)
    data = b"x" * 30_000
    ref = ObjectRef(bucket="ORIGINALS", name="m1/0", size=len(data), sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(Unavailable) as refused:
        await Objects(provisioned).keep(ref, data)
    assert refused.value.full
    assert await stored_messages(provisioned) == 0


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


async def test_an_upload_is_named_at_its_end(provisioned: Bus) -> None:
    objects = Objects(provisioned)
    upload = objects.begin("ORIGINALS")
    for _ in range(5):
        await upload.write(b"x" * (CHUNK - 1))
    ref = await upload.name("m1/0")
    await upload.drop()
    assert await whole(objects.get(ref)) == b"x" * 5 * (CHUNK - 1)


@pytest.mark.parametrize("size", [0, 10, 3 * CHUNK])
async def test_an_upload_that_is_dropped_leaves_nothing_behind(provisioned: Bus, size: int) -> None:
    upload = Objects(provisioned).begin("ORIGINALS")
    await upload.write(b"x" * size)
    await upload.drop()
    assert await stored_messages(provisioned) == 0


async def test_a_store_in_which_only_the_name_has_room_keeps_neither_name_nor_chunk(provisioned: Bus) -> None:
    js = provisioned.nc.jetstream()
    config = (await js.stream_info("OBJ_ORIGINALS")).config
    config.max_bytes = 2000
    await js.update_stream(config)
    with pytest.raises(Unavailable) as told:
        await Objects(provisioned).put("ORIGINALS", "m1/0", one(b"x" * 5000))
    assert told.value.full
    assert await stored_messages(provisioned) == 0


async def test_a_name_that_is_given_by_two_at_once_stands_for_a_whole_object(provisioned: Bus) -> None:
    objects = Objects(provisioned)
    refs = await asyncio.gather(*(objects.put("ORIGINALS", "m1/0", one(b"x" * 100)) for _ in range(20)))
    assert await whole(objects.get(refs[0])) == b"x" * 100
