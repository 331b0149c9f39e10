"""Any value of the contract survives its way through bytes; keys and ids never run together."""

from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.codec import encode, to_milliseconds
from frontline.contract.message import Envelope, Value, idempotency_key, message_id
from tests.contract.test_schema_golden import DECODERS, kinds_of_envelope

_instants = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))
_numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_free = st.recursive(
    st.none() | st.booleans() | _numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
st.register_type_strategy(datetime, _instants)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))  # JSON knows no others


def values(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Every field of a struct filled, defaults or not."""
    hints = get_type_hints(kind)
    fields = {name: _free_dict if hint == dict[str, Any] else st.from_type(hint) for name, hint in hints.items()}
    return st.builds(kind, **{name: strategy for name, strategy in fields.items() if name in kind.__struct_fields__})


_free_dict = st.dictionaries(st.text(), _free, max_size=3)


def every(kind: type[Any]) -> list[type[Any]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in every(child))]


for _kind in every(Value) + every(Envelope):
    st.register_type_strategy(_kind, values)


@pytest.mark.parametrize("kind", sorted(kinds_of_envelope(), key=str))
@given(data=st.data())
def test_a_value_survives_its_way_through_bytes(kind: type[Envelope], data: st.DataObject) -> None:
    value = msgspec.structs.replace(data.draw(values(kind)), schema="1.3")
    for field in value.__struct_fields__:
        if isinstance(inner := getattr(value, field), Envelope):
            value = msgspec.structs.replace(value, **{field: msgspec.structs.replace(inner, schema="1.0")})
    written = encode(value)
    read = DECODERS[kind](written)
    assert read == value
    assert encode(read) == written


parts = st.tuples(st.text(), st.text(), st.text())


@given(parts, parts)
def test_two_messages_share_a_key_only_if_all_their_parts_agree(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    def key(account: str, native_id: str, kind: str) -> str:
        return idempotency_key(account=account, native_id=native_id, kind=kind)

    assert (key(*one) == key(*two)) == (one == two)


@pytest.mark.parametrize(
    "one,two",
    [
        (("a", "bc", "d"), ("ab", "c", "d")),
        (("a", "b,1:c", "d"), ("a,1:b", "c", "d")),
        (("a", "1:", ""), ("", "a", "1:")),
    ],
)
def test_parts_that_look_like_the_separators_do_not_run_together(
    one: tuple[str, str, str], two: tuple[str, str, str]
) -> None:
    keys = {idempotency_key(account=a, native_id=n, kind=k) for a, n, k in (one, two)}
    assert len(keys) == 2


def test_a_message_id_is_the_same_in_every_version_and_process() -> None:
    key = idempotency_key(account="support", native_id="<1@customer.example>", kind="message")
    assert message_id(key) == "m1a6f0b6dc4996b0a12f09f244247a37"


@given(_instants)
def test_an_instant_is_cut_to_its_millisecond(instant: datetime) -> None:
    cut = to_milliseconds(instant)
    assert cut.microsecond % 1000 == 0
    assert 0 <= (instant - cut).total_seconds() < 0.001
