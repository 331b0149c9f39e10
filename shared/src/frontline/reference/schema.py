"""JSON Schema (2020-12) of what is stored and sent."""

import inspect
import pkgutil
import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import msgspec

import frontline.contract
from frontline.contract.message import SCHEMA, Envelope
from frontline.reference.contribution import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAJOR = SCHEMA.partition(".")[0]


def components(kinds: Iterable[type[msgspec.Struct]], prefix: str) -> dict[str, Schema]:
    """The schema of each kind and of all that they hold, by name; references start with `prefix`."""
    wanted = list(kinds)
    _, found = msgspec.json.schema_components(wanted, ref_template=prefix + "{name}")
    envelopes = {kind.__name__ for kind in _every(Envelope)}
    for name, schema in found.items():
        if name in envelopes:
            schema["properties"]["schema"]["pattern"] = rf"^{MAJOR}\.[0-9]+$"
    return {name: _tidy(found[name]) for name in sorted(found)}


def document(name: str, kind: type[msgspec.Struct]) -> Schema:
    """One kind as a document of its own."""
    definitions = components([kind], "#/$defs/")
    return {
        "$schema": DIALECT,
        "$id": f"urn:frontline:schema:{name}:{MAJOR}",
        "$ref": f"#/$defs/{kind.__name__}",
        "$defs": definitions,
    }


def documents(values: Mapping[str, type[msgspec.Struct]]) -> dict[str, Schema]:
    """A document for each envelope of the contract, by its tag, and for each further value, by its name."""
    for module in pkgutil.iter_modules(frontline.contract.__path__, "frontline.contract."):
        import_module(module.name)
    envelopes = {str(kind.__struct_config__.tag): kind for kind in _every(Envelope) if kind is not Envelope}
    return {name: document(name, kind) for name, kind in sorted({**envelopes, **values}.items())}


def summary(kind: type) -> str:
    """The first sentence of its docstring."""
    text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def _every(kind: type[Envelope]) -> list[type[Envelope]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _every(child))]


def _tidy(part: Any) -> Any:
    """Docstrings as paragraphs, without their indentation in the code; `discriminator` is OpenAPI's only."""
    if isinstance(part, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else _tidy(value)
            for key, value in part.items()
            if key != "discriminator"
        }
    return [_tidy(item) for item in part] if isinstance(part, list) else part
