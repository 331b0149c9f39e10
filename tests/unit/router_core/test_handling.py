"""How long contacts take, as a desk learns it."""

from datetime import timedelta

import pytest

from frontline.contract.ids import ContactId, InboxId
from router.core.handling import Decayed, Handling
from tests.unit.router_core.driver import EMAIL, NOON, SUPPORT

FRENCH = InboxId("french")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("values", [[5.0], [1.0, 2.0, 4.0], [10.0] * 30])
def test_figures_that_forget_are_those_of_weighed_values(values: list[float]) -> None:
    figure = Decayed()
    for value in values:
        figure.add(value)
    weights = [0.99 ** (len(values) - 1 - place) for place in range(len(values))]
    mean = sum(weight * value for weight, value in zip(weights, values, strict=True)) / sum(weights)
    squares = sum(weight * (value - mean) ** 2 for weight, value in zip(weights, values, strict=True))
    assert figure.weight == pytest.approx(sum(weights))
    assert figure.mean == pytest.approx(mean)
    assert figure.squares == pytest.approx(squares, abs=1e-9)


def test_an_inbox_without_history_is_taken_to_be_as_its_channel() -> None:
    handling = Handling()
    for number in range(50):
        handling.taken(ContactId(f"c{number}"), (EMAIL, SUPPORT), NOON)
        handling.done(ContactId(f"c{number}"), NOON + 4 * MINUTE)
    expected = handling.of((EMAIL, FRENCH), timedelta(hours=1))
    assert 240 < expected.mean < 400
    assert handling.of((EMAIL, SUPPORT), timedelta(hours=1)).seen > expected.seen
    assert handling.of((EMAIL, SUPPORT), timedelta(hours=1)).mean == pytest.approx(240, rel=0.15)
