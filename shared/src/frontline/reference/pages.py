"""Every generated file, and whether a folder holds them as they are today."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

import msgspec

from frontline.reference import contract
from frontline.reference.asyncapi import asyncapi
from frontline.reference.commands_page import commands_page
from frontline.reference.contribution import Schema, Settings, contributions
from frontline.reference.schema import documents
from frontline.reference.settings_page import settings_page
from frontline.reference.topology_page import topology_page


def pages() -> dict[str, bytes]:
    """Path in the folder -> content."""
    parts = [contract.contribution(), *contributions()]
    schemas = documents({name: kind for part in parts for name, kind in part.values.items()})
    for part in parts:
        schemas.update(part.schemas)
    channels = [channel for part in parts for channel in part.channels]
    operations = [operation for part in parts for operation in part.operations]
    settings = [settings for part in parts for settings in part.settings]
    return {
        **{f"schema/{name}.json": _json(schema) for name, schema in sorted(schemas.items())},
        **{name: page.encode() for part in parts for name, page in part.pages.items()},
        "commands.md": commands_page().encode(),
        "asyncapi.json": _json(asyncapi(channels, operations)),
        "topology.md": topology_page().encode(),
        "settings.md": settings_page([*settings, *_channel_settings()]).encode(),
    }


def out_of_date(folder: Path, wanted: Mapping[str, bytes]) -> list[str]:
    """Paths that differ, are missing, or are generated files that nothing generates any more."""
    differ = [path for path, content in wanted.items() if _content(folder / path) != content]
    return differ + [path for path in _schemas(folder) if path not in wanted]


def write(folder: Path, wanted: Mapping[str, bytes]) -> None:
    for path in _schemas(folder):
        if path not in wanted:
            (folder / path).unlink()
    for path, content in wanted.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def _schemas(folder: Path) -> list[str]:
    """The folder of schemas holds nothing but what is generated."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("schema/*.json"))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _json(value: Schema) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _channel_settings() -> list[Settings]:
    """Those of each installed channel, as the host reads them."""
    points = sorted(entry_points(group="frontline.channels"), key=lambda point: point.name)
    return [
        Settings(title=f"Channel {point.name}", kind=point.load().Settings, section=f"channel.{point.name}")
        for point in points
    ]
