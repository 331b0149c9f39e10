"""What a channel notes of how far it has come."""

from frontline.contract.channel import Mark
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus
from frontline.runtime.checkpoints import ChannelCheckpoints


async def test_a_mark_is_there_until_it_is_overwritten(provisioned: Bus) -> None:
    checkpoints = ChannelCheckpoints(provisioned, ChannelName("pigeon"))
    assert await checkpoints.get("loft.north") is None
    first = await checkpoints.put("loft.north", b"1")
    second = await checkpoints.put("loft.north", b"2")
    assert first is not None
    assert second is not None
    assert second > first
    assert await checkpoints.get("loft.north") == Mark(b"2", second)


async def test_of_two_who_write_over_the_same_mark_one_is_told_that_it_was_late(provisioned: Bus) -> None:
    one, other = (ChannelCheckpoints(provisioned, ChannelName("pigeon")) for _ in range(2))
    first = await one.put("loft", b"one", 0)
    assert first is not None
    assert await other.put("loft", b"other", 0) is None
    assert await other.put("loft", b"other", first) is not None
    assert await one.put("loft", b"one again", first) is None
    found = await one.get("loft")
    assert found is not None
    assert found.value == b"other"


async def test_channels_do_not_see_each_others_marks(provisioned: Bus) -> None:
    await ChannelCheckpoints(provisioned, ChannelName("pigeon")).put("loft", b"1")
    assert await ChannelCheckpoints(provisioned, ChannelName("raven")).get("loft") is None
