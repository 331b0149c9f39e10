"""The simulated Twilio: numbers, lines, queues and recordings, and the webhooks that go out from it.

It speaks Twilio's protocol in both directions, so that the channel can't tell the difference.
"""

import asyncio
import io
import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from intake_phone.simulator.account import SimulatedAccount, new_sid
from intake_phone.simulator.person import Person

Tell = Callable[[str], None]
HOOK_SECONDS = 15.0
"""How long Twilio waits for an answer."""


class HookFailed(Exception):
    """A webhook was not answered as it should be; `status` is 0 without any answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status


@dataclass(slots=True, eq=False)
class Conversation:
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Waiting:
    """A caller in a queue; `taken` is set when there is a `conversation` with somebody."""

    call: str
    queue: str
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    conversation: Conversation | None = None


@dataclass(slots=True, eq=False)
class Text:
    """A message that the channel sent."""

    sid: str
    to: str
    sender: str
    body: str
    media: list[str]
    callback: str
    files: list[bytes] = field(default_factory=list)
    """What carriers found behind `media`."""


@dataclass(slots=True, eq=False)
class Stored:
    """A file behind the REST API. It is not there yet for the first `missing` times that it is asked for."""

    data: bytes
    media_type: str
    missing: int = 0
    asked: int = 0


class Exchange:
    """`pace` is how many seconds one second of a call takes. Runs its lines in `tasks`."""

    def __init__(
        self, account: SimulatedAccount, session: aiohttp.ClientSession, tasks: asyncio.TaskGroup, *, pace: float = 1.0
    ) -> None:
        self.account = account
        self.session = session
        self.tasks = tasks
        self.pace = pace
        self.channel = ""
        """Where the channel's pages are: `http://host:port`."""
        self.api = ""
        """Where the channel reaches us."""
        self.calls: dict[str, dict[str, str]] = {}
        self.queues: dict[str, list[Waiting]] = {}
        self.files: dict[str, Stored] = {}
        self.phones: dict[str, Person] = {}
        """Who answers at a number that is called; nobody at any other."""
        self.texts: list[Text] = []
        self.arrived = asyncio.Condition()
        self.statuses: tuple[str, ...] = ("sent", "delivered")
        """What carriers say of each text, one after the other."""
        self.transcribes = True
        self.deleted_queues: list[str] = []
        self.telling: list[Tell] = []

    def tell(self, line: str) -> None:
        for tell in tuple(self.telling):
            tell(line)

    async def hook(self, url: str, params: Mapping[str, str]) -> str:
        """Post a signed webhook; gives what was answered. A fragment asks for retries, as with Twilio."""
        target, _, overrides = url.partition("#")
        retries = 3 if "rc=3" in overrides else 0
        while True:
            try:
                return await self._hook(target, params)
            except HookFailed as error:
                if retries <= 0 or error.status == 403:
                    raise
                retries -= 1
                await self.pass_time(1)

    async def _hook(self, url: str, params: Mapping[str, str]) -> str:
        full = {"AccountSid": self.account.sid, "ApiVersion": "2010-04-01", **params}
        headers = {
            "X-Twilio-Signature": self.account.sign(url, full),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        try:
            async with (
                asyncio.timeout(HOOK_SECONDS),
                self.session.post(url, data=urlencode(full), headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HookFailed(0, "no answer") from error
        if response.status not in {200, 204}:
            raise HookFailed(response.status, text[:200])
        return text

    async def quietly(self, url: str, params: Mapping[str, str]) -> None:
        """A callback, about whose failure Twilio does nothing."""
        try:
            await self.hook(url, params)
        except HookFailed as error:
            self.tell(f"! a callback was answered with {error}")

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self.pace)

    def page(self, path: str) -> str:
        return f"{self.channel}/twilio/{path}"

    async def text_in(self, sender: str, to: str, body: str, *, media: list[Stored] | None = None, **more: str) -> str:
        """A customer writes; gives the MessageSid once the channel has taken it."""
        message = more.pop("MessageSid", "") or new_sid("MM" if media else "SM")
        params = {
            "MessageSid": message,
            "SmsSid": message,
            "From": sender,
            "To": to,
            "Body": body,
            "NumMedia": str(len(media or ())),
            "NumSegments": "1",
            **more,
        }
        for number, file in enumerate(media or ()):
            path = f"Messages/{message}/Media/{new_sid('ME')}"
            self.files[path] = file
            params[f"MediaUrl{number}"] = self.resource(path)
            params[f"MediaContentType{number}"] = file.media_type
        self.tell(f"{sender} writes: {body}")
        await self.hook(self.page("messaging"), params)
        return message

    async def text_out(self, text: Text) -> None:
        """What the channel sent reaches the customer, files and all; carriers tell of it afterwards."""
        for url in text.media:
            async with self.session.get(url) as response:
                text.files.append(await response.read())
        async with self.arrived:
            self.texts.append(text)
            self.arrived.notify_all()
        self.tell(f"{text.to} reads: {text.body}")
        self.tasks.create_task(self._tell_status(text), name=f"text {text.sid}")

    async def _tell_status(self, text: Text) -> None:
        if text.callback:
            for status in self.statuses:
                await self.quietly(
                    text.callback,
                    {"MessageSid": text.sid, "MessageStatus": status, "To": text.to, "From": text.sender}
                    | ({"ErrorCode": "30003"} if status in {"failed", "undelivered"} else {}),
                )

    def resource(self, path: str) -> str:
        return f"{self.api}/2010-04-01/Accounts/{self.account.sid}/{path}"

    def record(self, seconds: int) -> tuple[str, str]:
        """A recording: its SID and its URL."""
        recording = new_sid("RE")
        self.files[f"Recordings/{recording}"] = Stored(silence(seconds), "audio/x-wav")
        return recording, self.resource(f"Recordings/{recording}")


def silence(seconds: int) -> bytes:
    """So many seconds of a quiet line, as a WAV file of telephone quality."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(8000)
        writer.writeframes(b"\x80" * 8000 * seconds)
    return file.getvalue()
