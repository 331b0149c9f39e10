"""Requests with an `Idempotency-Key` that no desk decides upon: they are remembered in `KEYS`.

They are written down before they are carried out, and can be carried out again. So a repeat after
a crash does the rest, and a repeat after success finds nothing left to do.
"""

import hashlib
from typing import Any

import msgspec

from frontline.runtime.bus import WrongSequence
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import KEYS
from router.api.call import Call
from router.api.idempotency import reused

_encode = msgspec.json.Encoder(order="sorted").encode


async def told_before(call: Call[Any, Any], *, possible: bool) -> bool:
    """Whether this very request was told before. If not, and it is `possible` now, it is remembered.
    Raises `Declined` (422) when its key stands for another request, `Unavailable`.
    """
    if not call.key:
        return False
    bucket = KeyValue(call.api.bus, KEYS)
    name = "api." + call.api.signer.key_hash("api request", f"{call.who.agent.id}\x1f{call.key}")
    print_ = hashlib.sha256(call.request.path.encode() + b"\0" + _encode(call.body)).hexdigest().encode()
    known = await bucket.get(name)
    if known is None and possible:
        try:
            await bucket.update(name, print_, 0)
        except WrongSequence:
            known = await bucket.get(name)
    if known is None:
        return False
    if known.value != print_:
        raise reused()
    return True
