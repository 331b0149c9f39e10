from typing import Any

import pytest
from prometheus_client import generate_latest

from frontline.runtime.metrics import ChannelMeter, Metrics


class Lines:
    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **fields: Any) -> None:
        self.events.append(event)

    warning = error = info


def meter() -> tuple[Metrics, ChannelMeter, Lines]:
    metrics, log = Metrics("intake-pigeon"), Lines()
    return metrics, ChannelMeter(metrics, "pigeon-post", log), log


def shown(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_the_names_that_dashboards_know_are_there_from_the_start() -> None:
    metrics = Metrics("intake-pigeon")
    metrics.intake_messages.labels("pigeon", "accepted").inc()
    metrics.deliveries.labels("pigeon", "sent").inc()
    metrics.parked.labels("intake-pigeon", "flawed").inc()
    text = shown(metrics)
    for line in (
        'frontline_intake_messages_total{channel="pigeon",outcome="accepted"} 1.0',
        'frontline_deliveries_total{channel="pigeon",outcome="sent"} 1.0',
        'frontline_parked_total{reason="flawed",service="intake-pigeon"} 1.0',
        "frontline_nats_connected 0.0",
        'frontline_build_info{service="intake-pigeon"',
        "process_resident_memory_bytes",
    ):
        assert line in text


def test_a_channels_count_becomes_a_counter_under_its_name() -> None:
    metrics, pigeons, _ = meter()
    pigeons.count("flights", weather="fair")
    pigeons.count("flights", weather="fair")
    pigeons.count("lost")
    assert 'frontline_pigeon_post_flights_total{weather="fair"} 2.0' in shown(metrics)
    assert "frontline_pigeon_post_lost_total 1.0" in shown(metrics)


def test_labels_are_the_same_in_whatever_order_they_are_named() -> None:
    metrics, pigeons, _ = meter()
    for _ in range(2):
        pigeons.count("flights", weather="fair", to="home")
        pigeons.count("flights", to="home", weather="fair")
    assert 'frontline_pigeon_post_flights_total{to="home",weather="fair"} 4.0' in shown(metrics)


def test_the_values_of_a_label_are_bounded() -> None:
    metrics, pigeons, _ = meter()
    for number in range(500):
        pigeons.count("flights", to=f"loft-{number}")
    lines = [line for line in shown(metrics).splitlines() if line.startswith("frontline_pigeon_post_flights_total{")]
    assert len(lines) == 51
    assert 'frontline_pigeon_post_flights_total{to="other"} 450.0' in lines


@pytest.mark.parametrize("value", ["ada@customer.example", "x" * 41, "", "two words"])
def test_a_value_that_can_only_come_from_outside_is_other(value: str) -> None:
    metrics, pigeons, _ = meter()
    pigeons.count("flights", to=value)
    assert 'flights_total{to="other"} 1.0' in shown(metrics)


@pytest.mark.parametrize("name, labels", [("Not A Name", {}), ("flights", {"colour": "grey"}), ("", {})])
def test_a_wrong_count_is_counted_as_a_failure_and_raises_nothing(name: str, labels: dict[str, str]) -> None:
    metrics, pigeons, log = meter()
    pigeons.count("flights", weather="fair")
    pigeons.count(name, **labels)
    assert log.events == ["meter.refused"]
    assert 'frontline_failures_total{service="intake-pigeon",where="meter"} 1.0' in shown(metrics)


def test_two_channels_of_the_same_name_do_not_collide_with_what_is_there() -> None:
    metrics, log = Metrics("x"), Lines()
    pigeons = ChannelMeter(metrics, "intake", log)
    pigeons.count("messages", outcome="x")
    assert log.events == ["meter.refused"]


def test_a_channels_level_is_what_it_was_told_last() -> None:
    metrics, pigeons, log = meter()
    pigeons.level("in_the_loft", 5, loft="north")
    pigeons.level("in_the_loft", 3, loft="north")
    assert 'frontline_pigeon_post_in_the_loft{loft="north"} 3.0' in shown(metrics)
    pigeons.count("in_the_loft", loft="north")
    assert 'frontline_pigeon_post_in_the_loft{loft="north"} 3.0' in shown(metrics)
    assert log.events == ["meter.refused"]
