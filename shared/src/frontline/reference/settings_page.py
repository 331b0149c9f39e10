"""The page about what an operator may set, from the structs that hold it."""

import inspect
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from frontline.reference.contribution import Settings
from frontline.reference.notes import field_notes
from frontline.runtime.settings import PREFIX, Secret

_HEAD = f"""# Settings

Written by `make docs` from the code. Each setting is an environment variable, or a key of the named table in the TOML
file that `{PREFIX}SETTINGS` names; the environment wins. `<variable>_FILE` names a file that holds the value, for
secrets. Lists are comma-separated in the environment. A service that is told nonsense does not start, and says all that
is wrong at once.
"""


def settings_page(settings: Iterable[Settings]) -> str:
    parts = [_HEAD]
    for part in settings:
        parts += [f"## {part.title}\n", f"Table `[{part.section}]`. {_prose(part.kind)}\n", _table(part.kind)]
        for name, kind in _inner(part.kind):
            parts += [f"### {part.title}: `{name}`\n", f"{_prose(kind)}\n", _inner_table(kind)]
    return "\n".join(parts)


def _table(kind: type[msgspec.Struct]) -> str:
    notes = field_notes(kind)
    hints = get_type_hints(kind, include_extras=True)
    rows = [
        (
            f"`{PREFIX}{field.name.upper()}`",
            f"`{field.encode_name}`",
            _type(hints[field.name]),
            _default(field),
            notes.get(field.name, ""),
        )
        for field in msgspec.structs.fields(kind)
    ]
    lines = [("variable", "key", "takes", "default", "meaning"), ("---",) * 5, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _inner(kind: type[msgspec.Struct]) -> list[tuple[str, type[msgspec.Struct]]]:
    """The settings that are lists of tables, which have keys and no variables."""
    hints = get_type_hints(kind)
    return [
        (field.encode_name, each)
        for field in msgspec.structs.fields(kind)
        for each in get_args(hints[field.name])
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    ]


def _inner_table(kind: type[msgspec.Struct]) -> str:
    notes, hints = field_notes(kind), get_type_hints(kind, include_extras=True)
    rows = [
        (f"`{field.encode_name}`", _type(hints[field.name]), _default(field), notes.get(field.name, ""))
        for field in msgspec.structs.fields(kind)
    ]
    lines = [("key", "takes", "default", "meaning"), ("---",) * 4, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _prose(kind: type) -> str:
    return " ".join(inspect.cleandoc(kind.__doc__ or "").split())


def _type(hint: Any) -> str:
    """The type in an operator's words."""
    arguments = [argument for argument in get_args(hint) if argument is not NoneType]
    origin = get_origin(hint)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if origin in (Union, UnionType):
        return " or ".join(_type(argument) for argument in arguments)
    if origin in (tuple, list, set, frozenset):
        inner = _type(arguments[0])
        return inner if inner.startswith("tables") else f"list of {inner}"
    if hasattr(hint, "__metadata__"):
        return _type(arguments[0]) + "".join(_bounds(part) for part in hint.__metadata__)
    return _word(getattr(hint, "__supertype__", hint))


def _bounds(meta: Any) -> str:
    bounds = {"from": "ge", "above": "gt", "to": "le", "below": "lt"}
    given = [f"{word} {getattr(meta, name)}" for word, name in bounds.items() if getattr(meta, name, None) is not None]
    return ", " + " ".join(given) if given else ""


def _word(kind: type) -> str:
    if issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    words: Sequence[tuple[type, str]] = (
        (Secret, "secret"),
        (PurePath, "path"),
        (bool, "`true` or `false`"),
        (int, "whole number"),
        (float, "number"),
        (str, "text"),
        (datetime, "date and time with its zone"),
        (msgspec.Struct, "tables, see below"),
    )
    return next((word for known, word in words if issubclass(kind, known)), kind.__name__)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "must be set"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value is None or value in ("", ()):
        return "unset"
    if isinstance(value, tuple | list | set | frozenset):
        return "`" + ",".join(str(item) for item in value) + "`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
