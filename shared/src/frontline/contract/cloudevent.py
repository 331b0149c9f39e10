"""Headers of everything on the bus: CloudEvents' NATS protocol binding (v1.0.2, binary mode)
and W3C Trace Context (level 1).
"""

import re
from datetime import datetime

MESSAGE_ID = "Nats-Msg-Id"
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")


def headers(*, id: str, kind: str, source: str, at: datetime, traceparent: str = "") -> dict[str, str]:  # noqa: A002 - the attribute's name
    """CloudEvents attributes as NATS headers, with `Nats-Msg-Id` for the broker's own dedup.
    A `traceparent` that is not well-formed is left out (W3C Trace Context, 4.2).
    """
    head = {
        MESSAGE_ID: id,
        "ce-specversion": "1.0",
        "ce-id": id,
        "ce-type": f"frontline.{kind}.v1",
        "ce-source": source,
        "ce-time": at.isoformat().replace("+00:00", "Z"),
        "content-type": "application/json",
    }
    if traceparent and _TRACEPARENT.match(traceparent):
        head["traceparent"] = traceparent
    return head
