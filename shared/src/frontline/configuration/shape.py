"""From plain TOML tables to the values of `model.py`, noting every table that has another shape."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from frontline.configuration.locate import Lines, Path
from frontline.configuration.model import Configuration
from frontline.contract.error import Mistake

_T = TypeVar("_T", bound=msgspec.Struct)

_WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "duration": 'a duration such as "PT4H"',
    "array": "a list",
    "object": "a table",
    "datetime": "a date and time",
    "date": "a date",
    "time": "a time of day",
}
_WRONG = object()
_EXPECTED = re.compile(r"Expected `(\w+)[^`]*`, got `(\w+)[^`]*`")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which file a table stands."""

    file: str
    lines: Lines
    path: Path = ()

    def __truediv__(self, key: str | int) -> "Place":
        return Place(self.file, self.lines, (*self.path, key))

    def __str__(self) -> str:
        return f"{self.file}:{self.lines.of(self.path)}"

    @property
    def exists(self) -> bool:
        return self.lines.has(self.path)

    def around(self, levels: int) -> tuple[str, Path]:
        """What names the table that many levels further out, over all files."""
        return self.file, self.path[:-levels]


@dataclass(frozen=True, slots=True)
class Found:
    """A table and where it stands. What `broken` names was missing or of another type: `value`
    has the default there, or empty text.
    """

    value: msgspec.Struct
    place: Place
    broken: frozenset[str] = frozenset()


@dataclass(slots=True)
class Shape:
    """Takes tables in; what it has seen so far is in the order of the files.

    `ids` are those of all tables, also of ones with mistakes in them, so that one mistake
    does not bring on others.
    """

    found: list[Found] = field(default_factory=list)
    ids: set[tuple[type[msgspec.Struct], str]] = field(default_factory=set)
    mistakes: list[Mistake] = field(default_factory=list)

    def configuration(self, data: dict[str, Any], place: Place) -> Configuration:
        """What one file says, as far as it can be understood."""
        return self._table(Configuration, data, place)

    def _table(self, kind: type[_T], data: dict[str, Any], place: Place) -> _T:
        if isinstance(data.get("id"), str):
            self.ids.add((kind, data["id"]))
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        broken = set()
        for key, value in data.items():
            if key not in fields:
                self._note(place / key, _unknown(key, list(fields)))
                continue
            before = len(self.mistakes)
            result = self._value(fields[key].type, value, place / key)
            if result is not _WRONG:
                values[fields[key].name] = result
            if len(self.mistakes) > before:
                broken.add(key)
        for key, wanted in fields.items():
            if wanted.required and key not in data:
                self._note(place, f"the key {key!r} is missing here")
                broken.add(key)
            if wanted.required:
                values.setdefault(wanted.name, "")
        made = kind(**values)
        self.found.append(Found(made, place, frozenset(broken)))
        return made

    def _value(self, kind: Any, value: Any, place: Place) -> Any:
        if get_origin(kind) is tuple:
            elements = self._elements(get_args(kind)[0], value, place)
            return tuple(element for element in elements if element is not _WRONG)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict):
            return self._table(kind, value, place)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self._note(place, f"{_last_key(place)} {_reason(error, kind, value)}")
            return _WRONG

    def _elements(self, kind: Any, value: Any, place: Place) -> Iterator[Any]:
        if isinstance(value, list):
            for index, element in enumerate(value):
                yield self._value(kind, element, place / index)
        elif isinstance(value, dict):
            name = ".".join(key for key in place.path if isinstance(key, str))
            self._note(place, f"write [[{name}]] with two brackets: there may be several")
        else:
            self._note(place, f"{_last_key(place)} must be a list, not {_kind(value)}")

    def _note(self, place: Place, what: str) -> None:
        self.mistakes.append(Mistake(str(place), what))


def _last_key(place: Place) -> str:
    return next(key for key in reversed(place.path) if isinstance(key, str))


def _unknown(key: str, known: list[str]) -> str:
    near = get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


def _reason(error: msgspec.ValidationError, kind: Any, value: Any) -> str:
    words = _EXPECTED.match(str(error))
    if words:
        return f"must be {_WORDS.get(words[1], words[1])}, not {_kind(value)}"
    if "ISO8601" in str(error):
        return f'must be a duration in days, hours, minutes and seconds such as "P1DT4H" or "PT30M", not {value!r}'
    if "RFC3339" in str(error):
        return f"must be a date such as 2026-12-24, not {value!r}"
    return f"must be one of {', '.join(map(str, get_args(kind)))}, not {value!r}"


def _kind(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "str", list: "array", dict: "object"}
    return _WORDS[names.get(type(value), type(value).__name__)]
