"""Everything that is derived from the deployment secret: signatures, hashed keys, agents' tokens.

One secret, a key for each purpose (HKDF-Expand of RFC 5869 with one block), so that a signature
made for one purpose says nothing in another.
"""

import hashlib
import hmac

from frontline.contract.ids import AgentId, KeyHash

MINIMUM_BYTES = 16


class Signer:
    """Holds the secret; never shows it, not in a repr either."""

    __slots__ = ("_keys", "_secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < MINIMUM_BYTES:
            raise ValueError(f"the deployment secret needs {MINIMUM_BYTES} bytes at least")
        self._secret = secret
        self._keys: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "Signer(...)"

    def sign(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA256 of `data` under the key for `purpose`."""
        key = self._keys.get(purpose)
        if key is None:
            key = hmac.digest(self._secret, purpose.encode() + b"\x01", hashlib.sha256)
            self._keys[purpose] = key
        return hmac.digest(key, data, hashlib.sha256)

    def key_hash(self, kind: str, value: str) -> KeyHash:
        """The name under which a thread key, address or idempotency key is indexed."""
        return KeyHash(self.sign("index", f"{kind}\x1f{value}".encode()).hex()[:40])


def agent_token(signer: Signer, agent: AgentId, version: int) -> str:
    """An agent's bearer token. Raising `version` in the configuration ends the former ones."""
    return "fl_" + signer.sign("agent token", f"{agent}\x1f{version}".encode()).hex()[:48]
