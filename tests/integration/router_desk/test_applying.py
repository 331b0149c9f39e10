"""A changed configuration comes into force when somebody says so, once, and only a newer one."""

import msgspec

from frontline.runtime.bus import Bus
from router.desk.applying import apply
from tests.integration.router_desk.desk import CONFIGURATION, SUPPORT, desk_on, until


async def test_a_newer_configuration_is_taken_over_and_an_older_one_is_told_why_not(provisioned: Bus) -> None:
    newer = msgspec.structs.replace(CONFIGURATION, version=2)
    async with desk_on(provisioned) as replica:
        await until(lambda: replica.leader is not None and replica.leader.loop.state.settings.version == 1)
        assert await apply(provisioned, newer) == [(SUPPORT, "")]
        assert replica.leader is not None
        assert replica.leader.loop.state.settings.version == 2
        assert await apply(provisioned, newer) == [(SUPPORT, "")]  # the same request again is the same answer
        ((desk, why),) = await apply(provisioned, CONFIGURATION)
        assert (desk, why) == (SUPPORT, "Version 2 is in force; version 1 is not newer.")
    async with desk_on(provisioned, holder="two") as replica:
        await until(lambda: replica.leader is not None)
        assert replica.leader is not None
        assert replica.leader.loop.state.settings.version == 2
