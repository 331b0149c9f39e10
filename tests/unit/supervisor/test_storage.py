import pytest

from frontline.contract.error import SettingsError
from frontline.contract.ids import ChannelName, DeskId
from frontline.runtime.settings import load_settings
from frontline.runtime.topology import MIB, Limits, Topology, topology
from frontline.supervisor.share import limits
from frontline.supervisor.storage import GIB, StorageSettings, fitting


def for_three_channels(chosen: Limits) -> Topology:
    return topology([ChannelName("email"), ChannelName("chat"), ChannelName("phone")], [DeskId("support")], chosen)


def set_aside(chosen: Limits) -> int:
    wanted = for_three_channels(chosen)
    parts = [stream.max_bytes for stream in wanted.streams] + [store.max_bytes for store in wanted.objects]
    return sum(size for size in parts if size > 0)


@pytest.mark.parametrize("free, size", [(500, 64), (128, 64), (127, 32), (20, 8), (2, 1), (0, 1)])
def test_the_embedded_server_takes_a_power_of_two_that_half_of_the_free_disk_holds(free: int, size: int) -> None:
    assert fitting(free * GIB) == size * GIB


@pytest.mark.parametrize("size", [1, 4, 64])
def test_all_limits_together_stay_within_what_the_server_may_store(size: int) -> None:
    assert set_aside(limits(StorageSettings(), for_three_channels, size * GIB)) <= size * GIB * 0.75


def test_limits_that_fit_are_left_as_they_are() -> None:
    assert limits(StorageSettings(), for_three_channels, 1024 * GIB) == Limits()
    assert limits(StorageSettings(), for_three_channels, None) == Limits()


def test_a_limit_that_an_operator_set_is_kept_and_the_others_make_room() -> None:
    chosen = limits(StorageSettings(log_mib=600, replicas=3), for_three_channels, GIB)
    assert (chosen.log_bytes, chosen.replicas) == (600 * MIB, 3)
    assert set_aside(chosen) <= GIB * 0.75


def test_every_wrong_storage_setting_is_told() -> None:
    environ = {"FRONTLINE_STORAGE_GIB": "0", "FRONTLINE_REPLICAS": "2", "FRONTLINE_NATS_SYNC": "1s }"}
    with pytest.raises(SettingsError) as caught:
        load_settings(StorageSettings, environ)
    assert {mistake.where for mistake in caught.value.mistakes} == set(environ)
