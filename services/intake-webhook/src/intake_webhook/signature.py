"""Who sent a webhook, and when: the scheme of Standard Webhooks 1.0, which senders have libraries for.

`webhook-signature` is `v1,<Base64 of HMAC-SHA256>` of `<webhook-id>.<webhook-timestamp>.<body>`, several of
them with spaces between while a secret is being replaced. Pure: the time comes in as an argument.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from frontline.contract.error import Reason, Rejected

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

_PREFIX = "whsec_"
_SHORTEST_KEY = 24
_LONGEST_ID = 256
_VERSION = "v1,"


def key_of(secret: str) -> bytes | None:
    """The key behind a secret as it is handed around, `None` for what is none."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(_PREFIX) and len(key) >= _SHORTEST_KEY else None


def signed(keys: Sequence[bytes], id_: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that say so: a signature by each key."""
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(_signature(key, id_, timestamp, body) for key in keys)
    return {ID: id_, TIMESTAMP: timestamp, SIGNATURE: signatures}


def checked(
    keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, *, now: datetime, tolerance: timedelta
) -> str:
    """The sender's id of what any of `keys` has signed, not long before or after `now`. `Rejected` else."""
    id_, timestamp = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    if not 0 < len(id_) <= _LONGEST_ID or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise Rejected(f"{ID} and {TIMESTAMP} are needed", Reason.UNAUTHORISED)
    given = headers.get(SIGNATURE, "").encode().split()
    wanted = [_signature(key, id_, timestamp, body).encode() for key in keys]
    # Every pair is looked at: how long that takes says nothing of which one fits.
    if not sum(hmac.compare_digest(one, each) for one in wanted for each in given[: 2 * len(keys) + 2]):
        raise Rejected("the signature is not right", Reason.UNAUTHORISED)
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > tolerance:
        raise Rejected("the time stamp is too far from ours", Reason.UNAUTHORISED)
    return id_


def _signature(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    digest = hmac.digest(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256)
    return _VERSION + base64.b64encode(digest).decode()
