"""How the streams share what a server may store: JetStream sets a stream's whole limit aside."""

from collections.abc import Callable
from dataclasses import replace

from frontline.runtime.topology import MIB, Limits, Topology
from frontline.supervisor.storage import StorageSettings

_SET_ASIDE = 0.75
"""Of what the server may store, for streams with a limit; the rest is for those without."""
_LIMITS = {
    "inbox_mib": "inbox_bytes",
    "log_mib": "log_bytes",
    "outbox_mib": "outbox_bytes",
    "object_mib": "object_bytes",
}


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
