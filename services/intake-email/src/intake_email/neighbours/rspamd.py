"""Asks rspamd how likely a mail is unwanted (`POST /checkv2` of its HTTP protocol)."""

from urllib.parse import quote

import aiohttp
import msgspec

from intake_email.neighbours.word import NoWord, Spam

_LONGEST_ANSWER = 1 << 20


class _Answer(msgspec.Struct):
    score: float
    required_score: float
    symbols: dict[str, msgspec.Raw] = {}


_decode = msgspec.json.Decoder(_Answer).decode


class Rspamd:
    """At an address such as `http://127.0.0.1:11333`."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url.rstrip("/") + "/checkv2"
        self._timeout = aiohttp.ClientTimeout(total=seconds)

    async def score(self, raw: bytes, peer: str = "", hello: str = "", sender: str = "") -> Spam:
        """Raises `NoWord`. `peer`, `hello` and `sender` are those of the SMTP session, where they are known."""
        head = {"IP": peer, "Helo": quote(hello, safe=".-_[]:"), "From": quote(sender, safe="@.-_+=")}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(
                    self._url, data=raw, headers={name: value for name, value in head.items() if value}
                ) as got,
            ):
                body = await got.content.read(_LONGEST_ANSWER)
                status = got.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoWord(f"rspamd gave no answer ({type(error).__name__})") from error
        if status != 200:
            raise NoWord(f"rspamd said {status}")
        try:
            found = _decode(body)
        except msgspec.DecodeError as error:
            raise NoWord("rspamd said what we do not understand") from error
        return Spam(by="rspamd", score=found.score, limit=found.required_score, names=tuple(found.symbols)[:40])
