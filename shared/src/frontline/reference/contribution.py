"""What a part of the system has to say of itself: what travels, who sends it, what may be set."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

import msgspec

GROUP = "frontline.reference"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A subject with what stands on it. Parameters are in braces; `stream` is empty for core NATS
    and `address` for replies, which go where the request says. `headed` says that messages have the
    headers of `frontline.contract.cloudevent`.
    """

    name: str
    address: str
    summary: str
    messages: tuple[type[msgspec.Struct], ...]
    stream: str = ""
    headed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`service` does `action` on the channel of that name; `replies` names the channel of the answers."""

    name: str
    service: str
    action: Literal["send", "receive"]
    channel: str
    summary: str
    replies: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that one process reads: the struct, and its table in the settings file."""

    title: str
    kind: type[msgspec.Struct]
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One part's share. `values` are what it stores; `schemas` and `pages` it has made itself."""

    values: Mapping[str, type[msgspec.Struct]]
    schemas: Mapping[str, Schema]
    pages: Mapping[str, str]
    channels: tuple[Channel, ...]
    operations: tuple[Operation, ...]
    settings: tuple[Settings, ...]


def contributions() -> list[Contribution]:
    """What the installed services add, in the order of their names."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [point.load()() for point in points]
