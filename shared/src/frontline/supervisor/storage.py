"""How much disk the embedded server may take.

A disk that is really full is JetStream's worst day, so it gets a bound well below. The bound is
chosen once and kept: a later start with less room must not shrink what holds messages.
"""

import re
import shutil

import msgspec

from frontline.contract.error import Mistake, SettingsError
from frontline.supervisor.home import Home, write_private

GIB = 1 << 30
_MOST = 64 * GIB
_LEAST = GIB


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
            for name in ("storage_gib", "inbox_mib", "log_mib", "outbox_mib", "object_mib")
            if (value := getattr(self, name)) is not None and value < 1
        ]
        if self.replicas not in (1, 3, 5):
            wrong.append(Mistake("replicas", "must be 1, 3 or 5"))
        if not _SYNC.match(self.nats_sync):
            wrong.append(Mistake("nats_sync", "must be `always` or an interval such as 1s, 500ms or 2m"))
        if wrong:
            raise SettingsError(wrong)


_SYNC = re.compile(r"(always|[1-9][0-9]*(ms|s|m))\Z")


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
