"""Replies out: a signed POST, and what its answer means."""

import aiohttp

from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected, Unavailable
from intake_webhook.settings import WebhookSettings
from intake_webhook.signature import signed

_LATER = frozenset({408, 425, 429})
_LONGEST_PAUSE = 3600.0


class Poster:
    """Posts to whatever the operator has named."""

    def __init__(self, settings: WebhookSettings, clock: Clock) -> None:
        self._keys = settings.keys
        self._timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout)
        self._clock = clock

    async def post(self, url: str, id_: str, body: bytes) -> None:
        """Returns when the far end has taken it. `Rejected` for a refusal, a redirect too: a signed
        reply goes where the operator said and nowhere else.
        """
        headers = {"Content-Type": "application/json", **signed(self._keys, id_, self._clock(), body)}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                status, wait = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable("the far end can't be reached") from error
        if status >= 500 or status in _LATER:
            raise Unavailable(f"the far end answered {status}", retry_after=_seconds(wait))
        if status >= 300:
            raise Rejected(f"the far end answered {status}", Reason.MALFORMED)


def _seconds(header: str) -> float:
    """Of `Retry-After` (RFC 9110, 10.2.3), if it says seconds."""
    return min(float(header), _LONGEST_PAUSE) if header.isascii() and header.isdigit() else 5.0
