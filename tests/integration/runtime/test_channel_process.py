"""`run_channel` as a process: found by its entry point, killed in mid-attempt, drained."""

import signal
from pathlib import Path

import pytest

from frontline.contract.message import DeliveryState
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked
from tests.integration.runtime.process import Process, channel, started
from tests.integration.runtime.stage import Desk, emptied, folder_of_plugin, post, reply, until

MODULE = "tests.integration.runtime.flock"


def installed(tmp_path: Path, kind: str = "Flock") -> Path:
    return folder_of_plugin(tmp_path / "site", "pigeon", f"{MODULE}:{kind}")


def diary(folder: Path) -> list[str]:
    path = folder / "diary"
    return path.read_text().splitlines() if path.exists() else []


async def test_a_channel_that_is_not_installed_is_a_mistake_that_names_those_that_are(tmp_path: Path) -> None:
    async with started(tmp_path, *channel("smoke-signals"), path=installed(tmp_path)) as host:
        assert await host.ended() == 78
    (line,) = host.lines()
    assert line["where"] == "channel smoke-signals"
    assert "pigeon" in line["what"]


async def test_only_the_plug_in_that_is_asked_for_is_imported(nats: EmbeddedServer, tmp_path: Path) -> None:
    site = installed(tmp_path)
    folder_of_plugin(site, "broken", "there.is.no.such.module:Broken")
    async with started(tmp_path / "host", *channel("pigeon"), path=site, nats_url=nats.url) as host:
        await host.listens()
    async with started(tmp_path / "other", *channel("broken"), path=site, nats_url=nats.url) as host:
        assert await host.ended() != 0


@pytest.mark.parametrize("target", [f"{MODULE}:FlockSettings", f"{MODULE}:Flock"])
async def test_an_entry_point_that_is_no_channel_or_another_one_is_a_mistake(tmp_path: Path, target: str) -> None:
    site = folder_of_plugin(tmp_path / "site", "crow", target)
    async with started(tmp_path, *channel("crow"), path=site) as host:
        assert await host.ended() == 78
    assert host.lines()[0]["where"] == "channel crow"


async def test_the_mistakes_of_the_host_and_of_the_plug_in_are_told_together(tmp_path: Path) -> None:
    wrong = {"flock_deaths": "many", "message_bytes": "1", "delivery_pauses": "5,soon", "ops_port": "x"}
    async with started(tmp_path, *channel("pigeon"), path=installed(tmp_path), **wrong) as host:
        assert await host.ended() == 78
    assert {line["where"] for line in host.lines()} == {f"FRONTLINE_{name.upper()}" for name in wrong}


async def test_settings_that_turn_out_wrong_while_serving_end_the_process_with_all_of_them(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    given = {"nats_url": nats.url, "flock_serves": "badly"}
    async with started(tmp_path, *channel("pigeon"), path=installed(tmp_path), **given) as host:
        assert await host.ended() == 78
    found = {line["where"] for line in host.lines() if line["event"] == "settings.mistake"}
    assert found == {"flock_tls", "flock_port"}


async def test_killed_in_an_attempt_the_next_life_sends_again_where_that_is_harmless(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    given = {"nats_url": nats.url, "flock_deaths": "2"}
    host = Process(tmp_path / "host", *channel("pigeon"), path=installed(tmp_path), **given)
    await post(provisioned, reply())
    for _ in range(2):
        await host.start()
        assert await host.ended() == -signal.SIGKILL
        await release_from_the_dead(provisioned)
    await host.start()
    try:
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    finally:
        await host.clean()
    assert (receipt.state, receipt.native_id) == (DeliveryState.SENT, "ring-r1")
    assert diary(tmp_path / "host") == ["r1", "r1", "r1"]


async def test_killed_in_an_attempt_the_next_life_asks_a_person_where_a_second_would_be_seen(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    given = {"nats_url": nats.url, "flock_deaths": "1"}
    host = Process(tmp_path / "host", *channel("pigeon"), path=installed(tmp_path, "CarefulFlock"), **given)
    await post(provisioned, reply())
    await host.start()
    assert await host.ended() == -signal.SIGKILL
    await release_from_the_dead(provisioned)
    await host.start()
    try:
        receipt = await Desk(provisioned).receipt()
        await emptied(provisioned)
    finally:
        await host.clean()
    assert receipt.state is DeliveryState.UNKNOWN
    assert diary(tmp_path / "host") == ["r1"]
    assert [item.note.reason for item in await list_parked(provisioned)] == ["unknown"]


async def test_told_to_stop_in_an_attempt_it_is_finished_and_the_process_ends_with_0(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    given = {"nats_url": nats.url, "flock_waits": "true", "drain_seconds": "60"}
    async with started(tmp_path / "host", *channel("pigeon"), path=installed(tmp_path), **given) as host:
        await post(provisioned, reply())
        await until(lambda: diary(tmp_path / "host"))
        host.send(signal.SIGTERM)
        await until(lambda: "service.stopping" in host.events())
        (tmp_path / "host" / "go").touch()
        assert await host.ended() == 0
    assert (await Desk(provisioned).receipt()).state is DeliveryState.SENT
    await emptied(provisioned)


async def release_from_the_dead(bus: Bus) -> None:
    """Have the server hand out again at once what it handed to a process that is no more, by
    making the consumer anew; else it waits for the end of the acknowledgement time.
    """
    await bus.nc.jetstream().delete_consumer("OUTBOX", "deliver-pigeon")
