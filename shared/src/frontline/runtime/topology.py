"""Every stream, key-value bucket and object store, declared once, with what is personal in it.

`plan` says what would change before anything is changed; `provision` creates what is missing
and changes what may be changed without losing data. Both are idempotent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from frontline.contract import subject
from frontline.contract.ids import ChannelName, DeskId

MIB = 1 << 20
DAY = 86_400.0

CUSTOMERS = "CUSTOMERS"
THREADS = "THREADS"
KEYS = "KEYS"
DELIVERIES = "DELIVERIES"
CHECKPOINTS = "CHECKPOINTS"
DIRECTORY = "DIRECTORY"
DESKVIEW = "DESKVIEW"
LEASES = "LEASES"
PROGRESS = "PROGRESS"
PREFERENCES = "PREFERENCES"
ERASED = "ERASED"

ORIGINALS = "ORIGINALS"
ATTACHMENTS = "ATTACHMENTS"
SNAPSHOTS = "SNAPSHOTS"

EVENTS = "EVENTS"
DRAFTS = "DRAFTS"
TRANSCRIPT = "TRANSCRIPT"
TRANSCRIPT_PUBLIC = "TRANSCRIPT_PUBLIC"
OUTBOX = "OUTBOX"
PARKED = "PARKED"
TRANSFERS = "TRANSFERS"


class Personal(StrEnum):
    """Whether erasing a customer has to reach this store."""

    NO = "no"
    IDS = "ids only"
    YES = "personal data"


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream and what it holds. `max_age` in seconds, 0 for ever; `max_bytes` -1 for no limit."""

    name: str
    subjects: tuple[str, ...]
    holds: str
    personal: Personal
    work_queue: bool = False
    max_bytes: int = -1
    max_age: float = 0
    duplicate_window: float = 120
    republish: tuple[str, str] | None = None
    """From which of its subjects to which core subjects, in NATS' own mapping syntax."""
    copy_of: str = ""
    """The stream whose `subjects` (one) it copies, in order, under sequences of its own; what is erased there has
    to be erased here, by what it is.
    """


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    holds: str
    personal: Personal
    history: int = 1
    """Of a bucket with personal data as many as the format allows: a former value that the server takes away by itself
    stays on the disk, one that is there can be erased.
    """
    max_age: float = 0


@dataclass(frozen=True, slots=True)
class Objects:
    name: str
    holds: str
    personal: Personal
    max_bytes: int = -1


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator may set; bytes."""

    replicas: int = 1
    inbox_bytes: int = 1024 * MIB
    log_bytes: int = 8192 * MIB
    outbox_bytes: int = 1024 * MIB
    object_bytes: int = 16384 * MIB


@dataclass(frozen=True, slots=True)
class Topology:
    streams: tuple[Stream, ...]
    buckets: tuple[Bucket, ...]
    objects: tuple[Objects, ...]
    replicas: int = 1


def topology(channels: Iterable[ChannelName], desks: Iterable[DeskId], limits: Limits = Limits()) -> Topology:
    """Everything that a deployment with these channels and desks needs."""
    inboxes = [
        Stream(
            name=subject.inbox_stream(channel),
            subjects=(subject.inbound_all(channel),),
            holds="messages not yet decided upon",
            personal=Personal.YES,
            work_queue=True,
            max_bytes=limits.inbox_bytes,
            duplicate_window=2 * 3600,
        )
        for channel in channels
    ]
    logs = [
        Stream(
            name=subject.desk_stream(desk),
            subjects=(subject.desk_epoch(desk), subject.desk_log(desk)),
            holds="the decision log of the desk; ids only",
            personal=Personal.IDS,
            max_bytes=limits.log_bytes,
            republish=(f"desk.{desk}.*", f"tail.{desk}.{{{{wildcard(1)}}}}"),
        )
        for desk in desks
    ]
    shared = [
        Stream(EVENTS, ("event.>",), "decided events for everybody else", Personal.IDS, max_age=90 * DAY),
        Stream(DRAFTS, ("draft.*",), "content of commands, until carried out", Personal.YES),
        Stream(
            TRANSCRIPT,
            ("transcript.*.pub", "transcript.*.int"),
            "what was said, each message once",
            Personal.YES,
            duplicate_window=2 * 3600,
            republish=("transcript.*.*", "live.{{wildcard(1)}}.{{wildcard(2)}}"),
        ),
        Stream(
            TRANSCRIPT_PUBLIC,
            ("transcript.*.pub",),
            "a copy without notes, for those who may not read them",
            Personal.YES,
            republish=("transcript.*.pub", "public.{{wildcard(1)}}"),
            copy_of=TRANSCRIPT,
        ),
        Stream(
            OUTBOX,
            ("outbound.*.*",),
            "replies to deliver",
            Personal.YES,
            work_queue=True,
            max_bytes=limits.outbox_bytes,
            duplicate_window=2 * 3600,
        ),
        Stream(
            TRANSFERS,
            ("transfer.*", "forward.*"),
            "contacts and messages on their way from desk to desk",
            Personal.YES,
            work_queue=True,
            max_bytes=limits.inbox_bytes,
            duplicate_window=2 * 3600,
        ),
        Stream(PARKED, ("parked.*.*",), "what could not be processed, with the error", Personal.YES),
    ]
    buckets = (
        Bucket(CUSTOMERS, "people and the identities they use", Personal.YES, history=64),
        Bucket(THREADS, "thread key (HMAC) to contact", Personal.IDS),
        Bucket(KEYS, "idempotency key (HMAC) to contact and message", Personal.IDS, max_age=60 * DAY),
        Bucket(DELIVERIES, "delivery attempts by reply", Personal.IDS, max_age=60 * DAY),
        Bucket(CHECKPOINTS, "how far channels have come that fetch by themselves", Personal.IDS),
        Bucket(DIRECTORY, "inboxes with their addresses", Personal.NO),
        Bucket(DESKVIEW, "presence, estimate and opening of each desk", Personal.NO),
        Bucket(LEASES, "who leads which desk", Personal.NO),
        Bucket(PROGRESS, "how far effects have come", Personal.IDS),
        Bucket(PREFERENCES, "how agents want to be told of work, with their own addresses", Personal.YES),
        Bucket(ERASED, "who was erased, by id, and how far that has come", Personal.IDS),
    )
    objects = (
        Objects(ORIGINALS, "verbatim originals", Personal.YES, limits.object_bytes),
        Objects(ATTACHMENTS, "files", Personal.YES, limits.object_bytes),
        Objects(SNAPSHOTS, "desk snapshots", Personal.IDS, limits.object_bytes),
    )
    return Topology((*inboxes, *logs, *shared), buckets, objects, limits.replicas)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that provisioning would do: `create` or `update`, of which stream, and what."""

    action: str
    stream: str
    what: str = ""


@dataclass(slots=True)
class Plan:
    changes: list[Change] = field(default_factory=list)
    configs: list[tuple[Change, api.StreamConfig]] = field(default_factory=list)


async def plan(js: JetStreamContext, wanted: Topology) -> Plan:
    """What is missing or different on the server; changes nothing."""
    result = Plan()
    for config in stream_configs(wanted):
        assert config.name is not None
        try:
            info = await js.stream_info(config.name)
        except NotFoundError:
            change = Change("create", config.name)
        else:
            if info.config.deny_delete:  # the server never takes that back: such a bucket has to be made anew
                config.deny_delete = True
            different = _differences(info.config, config)
            if not different:
                continue
            change = Change("update", config.name, ", ".join(different))
        result.changes.append(change)
        result.configs.append((change, config))
    return result


async def provision(js: JetStreamContext, wanted: Topology) -> Sequence[Change]:
    """Make the server hold `wanted`; gives what was done."""
    todo = await plan(js, wanted)
    for change, config in todo.configs:
        if change.action == "create":
            await js.add_stream(config)
        else:
            await js.update_stream(config)
    return todo.changes


def stream_configs(wanted: Topology) -> list[api.StreamConfig]:
    """The server's own words for it: buckets and object stores are streams by convention (ADR-8, ADR-20 of NATS)."""
    configs = []
    for stream in wanted.streams:
        configs.append(
            api.StreamConfig(
                name=stream.name,
                description=stream.holds,
                subjects=None if stream.copy_of else list(stream.subjects),
                # No mirror: the server lets one answer the direct gets of its origin, whatever `mirror_direct`
                # says, so that readers of the whole would now and then see only what the copy holds.
                sources=[api.StreamSource(name=stream.copy_of, filter_subject=stream.subjects[0])]
                if stream.copy_of
                else None,
                retention=api.RetentionPolicy.WORK_QUEUE if stream.work_queue else api.RetentionPolicy.LIMITS,
                discard=api.DiscardPolicy.NEW,
                max_bytes=stream.max_bytes,
                max_age=stream.max_age,
                duplicate_window=stream.duplicate_window,
                num_replicas=wanted.replicas,
                allow_direct=True,
                republish=api.RePublish(src=stream.republish[0], dest=stream.republish[1])
                if stream.republish
                else None,
            )
        )
    for bucket in wanted.buckets:
        configs.append(
            api.StreamConfig(
                name=f"KV_{bucket.name}",
                description=bucket.holds,
                subjects=[f"$KV.{bucket.name}.>"],
                republish=api.RePublish(src=f"$KV.{bucket.name}.>", dest=f"kv.{bucket.name}.>"),
                max_msgs_per_subject=bucket.history,
                discard=api.DiscardPolicy.NEW,
                max_age=bucket.max_age,
                duplicate_window=120,
                num_replicas=wanted.replicas,
                allow_direct=True,
                allow_rollup_hdrs=True,
                deny_delete=bucket.personal is not Personal.YES,
            )
        )
    for store in wanted.objects:
        configs.append(
            api.StreamConfig(
                name=f"OBJ_{store.name}",
                description=store.holds,
                subjects=[f"$O.{store.name}.C.>", f"$O.{store.name}.M.>"],
                discard=api.DiscardPolicy.NEW,
                max_bytes=store.max_bytes,
                duplicate_window=120,
                num_replicas=wanted.replicas,
                allow_direct=True,
                allow_rollup_hdrs=True,
            )
        )
    return configs


_COMPARED = (
    "description",
    "subjects",
    "max_bytes",
    "max_age",
    "max_msgs_per_subject",
    "num_replicas",
    "duplicate_window",
)


def _differences(have: api.StreamConfig, want: api.StreamConfig) -> list[str]:
    """Settings that differ and may be changed in place; shrinking below what is held is the server's to refuse."""
    different = []
    for name in _COMPARED:
        old, new = getattr(have, name), getattr(want, name)
        if new in (None, -1, 0) and old in (None, -1, 0):
            continue
        if old != new:
            different.append(f"{name}: {old} -> {new}")
    return different
