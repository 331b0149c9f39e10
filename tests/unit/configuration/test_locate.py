import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.configuration.locate import Path, locate

EVERYTHING = '''\
# a comment with [brackets] = "and quotes"
title = "x" # here

[a."b c".d]
e.f = 1
e.'g h' = 2020-01-01 07:32:00

[[list]]
text = """
[[list]]
escaped \\""" quote "" and end"""""
raw = \'\'\'
key = 1
it''s\'\'\'\'
array = [ # first
  1, [2, "]"],
  { x = 1, y = { z = "}" } }, # last
]
empty = []
none = {}

[[list]]
[list.sub]
k = true
[[list.deep]]
n = 1
[[list.deep]]
n = 2
[last]
"""quoted""" = 1
'''.replace('"""quoted"""', '"quo\\"ted = #"')


def paths(value: Any, path: Path = ()) -> list[Path]:
    if isinstance(value, dict):
        return [path, *(found for key, each in value.items() for found in paths(each, (*path, key)))]
    if isinstance(value, list):
        return [path, *(found for index, each in enumerate(value) for found in paths(each, (*path, index)))]
    return [path]


def test_every_value_is_on_the_line_that_a_reader_sees_it_on() -> None:
    lines = locate(EVERYTHING)
    text = EVERYTHING.splitlines()
    shown = {
        ("title",): 'title = "x" # here',
        ("a", "b c", "d"): '[a."b c".d]',
        ("a", "b c", "d", "e", "f"): "e.f = 1",
        ("a", "b c", "d", "e", "g h"): "e.'g h' = 2020-01-01 07:32:00",
        ("list", 0, "text"): 'text = """',
        ("list", 0, "raw"): "raw = '''",
        ("list", 0, "array"): "array = [ # first",
        ("list", 0, "array", 1, 1): '  1, [2, "]"],',
        ("list", 0, "array", 2, "y", "z"): '  { x = 1, y = { z = "}" } }, # last',
        ("list", 0, "none"): "none = {}",
        ("list", 1, "sub", "k"): "k = true",
        ("list", 1, "deep", 0, "n"): "n = 1",
        ("list", 1, "deep", 1, "n"): "n = 2",
        ("last", 'quo"ted = #'): '"quo\\"ted = #" = 1',
    }
    assert {path: text[lines.of(path) - 1] for path in shown} == shown


def test_every_path_that_tomllib_finds_is_located() -> None:
    lines = locate(EVERYTHING)
    implicit = {(), ("a",), ("a", "b c")}
    assert [path for path in paths(tomllib.loads(EVERYTHING)) if path not in implicit and not lines.has(path)] == []


def test_a_value_that_is_not_there_is_at_the_table_around_it() -> None:
    lines = locate("x = 1\n[[t]]\ny = 2\n")
    assert lines.of(("t", 0, "missing", 3)) == 2
    assert lines.of(("nowhere",)) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_counted_the_same_with_either_line_end(end: str) -> None:
    assert locate(end.join(["a = 1", "[b]", 'c = """', 'x"""', "d = 2"])).of(("b", "d")) == 5


_KEYS = st.text(alphabet="ab c\"'.=#[]é\\", min_size=1, max_size=4)
_SCALARS = st.one_of(
    st.integers(-9, 9), st.booleans(), st.text(alphabet="a\"'#]}\n\\,= ", max_size=6), st.floats(-2, 2)
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=8
)


def basic(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return basic(value) if "\n" not in value else '"""' + basic(value)[1:-1].replace("\\n", "\n") + '"""'
        case list():
            return "[\n" + ",\n".join(written(each) for each in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{basic(key)} = {written(each)}" for key, each in value.items()) + " }"
        case _:
            return repr(value)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_document_is_gone_over_to_its_end(document: dict[str, Any]) -> None:
    text = "".join(f"{basic(key)} = {written(value)}\n" for key, value in document.items())
    lines = locate(text)
    assert all(lines.has(path) for path in paths(tomllib.loads(text))[1:])
