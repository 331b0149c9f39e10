"""How much disk the embedded server may take, and how the streams share it.

JetStream sets a stream's whole limit aside, and a disk that is really full is its worst day: so
all limits together stay below a bound, and that below the disk. The bound is chosen once and
kept: a later start with less room must not shrink what holds messages.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace

import msgspec

from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.topology import MIB, Limits, Topology
from frontline.supervisor.home import Home, write_private

GIB = 1024 * MIB
_MOST = 64 * GIB
_LEAST = GIB
_SET_ASIDE = 0.75
"""Of the bound, for streams with a limit; the rest is for those without."""


class StorageSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`storage_gib` unset: the largest power of two that half of the free disk holds, 64 at most.

    A limit in MiB that is unset is the default one, on the embedded server made smaller with the
    others until all fit.
    """

    storage_gib: int | None = None
    inbox_mib: int | None = None
    log_mib: int | None = None
    outbox_mib: int | None = None
    object_mib: int | None = None
    replicas: int = 1
    nats_sync: str = "1s"
    """When the embedded server flushes to the disk: an interval, or `always`: before each acknowledgement."""

    def __post_init__(self) -> None:
        wrong = [
            Mistake(name, "must be 1 or more")
            for name in ("storage_gib", *_LIMITS)
            if (value := getattr(self, name)) is not None and value < 1
        ]
        if self.replicas not in (1, 3, 5):
            wrong.append(Mistake("replicas", "must be 1, 3 or 5"))
        if not _SYNC.match(self.nats_sync):
            wrong.append(Mistake("nats_sync", "must be `always` or an interval such as 1s, 500ms or 2m"))
        if wrong:
            raise SettingsError(wrong)


_SYNC = re.compile(r"(always|[1-9][0-9]*(ms|s|m))\Z")
_LIMITS = {
    "inbox_mib": "inbox_bytes",
    "log_mib": "log_bytes",
    "outbox_mib": "outbox_bytes",
    "object_mib": "object_bytes",
}


def bound(home: Home, settings: StorageSettings) -> int:
    """Bytes that the embedded server may store, the same at each start unless set otherwise."""
    if settings.storage_gib is not None:
        return settings.storage_gib * GIB
    kept = home.root / "storage"
    if not kept.exists():
        write_private(kept, f"{fitting(shutil.disk_usage(home.root).free)}\n".encode())
    try:
        return int(kept.read_text(encoding="ascii"))
    except ValueError as error:
        raise SettingsError([Mistake(str(kept), "must hold a number of bytes")]) from error


def fitting(free: int) -> int:
    """The bound for a disk with that many bytes free."""
    size = _MOST
    while size > _LEAST and size > free // 2:
        size //= 2
    return size


def limits(settings: StorageSettings, topology_of: Callable[[Limits], Topology], size: int | None) -> Limits:
    """What each stream may hold, on a server that may store `size` bytes (`None`: that is not ours to know)."""
    chosen = {field: getattr(settings, name) for name, field in _LIMITS.items()}
    given = {field: mib * MIB for field, mib in chosen.items() if mib is not None}
    wanted = replace(Limits(replicas=settings.replicas), **given)
    open_ = [field for field, mib in chosen.items() if mib is None]
    if size is None or not open_:
        return wanted
    total = _set_aside(topology_of(wanted))
    fixed = _set_aside(topology_of(replace(wanted, **dict.fromkeys(open_, 0))))
    share = min(1.0, max(_SET_ASIDE * size - fixed, 0) / max(total - fixed, 1))
    return replace(wanted, **{field: max(int(getattr(wanted, field) * share) // MIB, 1) * MIB for field in open_})


def _set_aside(wanted: Topology) -> int:
    sizes = [stream.max_bytes for stream in wanted.streams] + [store.max_bytes for store in wanted.objects]
    return sum(size for size in sizes if size > 0)
