"""The page about what is in NATS, from the one file that declares it."""

from collections.abc import Iterable, Sequence

from frontline.reference.contract import CHANNEL, DESK
from frontline.runtime.topology import DAY, MIB, Stream, topology

_HEAD = """# What is in NATS

Written by `make docs` from `frontline.runtime.topology`, which also makes it so. Limits are the defaults. All streams
say no when they are full (`discard: new`): the sender is told to try again. "Personal" says what erasing a customer
has to reach.
"""


def topology_page() -> str:
    whole = topology([CHANNEL], [DESK])
    streams = [
        (_code(stream.name), ", ".join(map(_code, stream.subjects)), stream.holds, _kept(stream), stream.personal.value)
        for stream in whole.streams
    ]
    republished = [
        (_code(stream.name), _code(stream.republish[0]), _code(stream.republish[1]))
        for stream in whole.streams
        if stream.republish
    ]
    buckets = [
        (_code(bucket.name), bucket.holds, str(bucket.history), _age(bucket.max_age), bucket.personal.value)
        for bucket in whole.buckets
    ]
    stores = [(_code(store.name), store.holds, _size(store.max_bytes), store.personal.value) for store in whole.objects]
    parts = [
        _HEAD,
        "## Streams\n",
        _table(("stream", "subjects", "holds", "kept", "personal"), streams),
        "Once stored, what comes in on the left is told on the right, so that readers need no consumer.\n",
        _table(("stream", "stored", "told"), republished),
        "## Key-value buckets\n",
        _table(("bucket", "holds", "values a key", "kept", "personal"), buckets),
        "## Object stores\n",
        _table(("store", "holds", "at most", "personal"), stores),
    ]
    return "\n".join(parts)


def _kept(stream: Stream) -> str:
    how = "until acknowledged" if stream.work_queue else _age(stream.max_age)
    return how if stream.max_bytes < 0 else f"{how}; {_size(stream.max_bytes)} at most"


def _age(seconds: float) -> str:
    return f"{seconds / DAY:g} days" if seconds else "until removed"


def _size(limit: int) -> str:
    return "no limit of its own" if limit < 0 else f"{limit // MIB:,} MiB"


def _code(text: str) -> str:
    return f"`{text.replace(CHANNEL, '<channel>').replace(DESK, '<desk>')}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
