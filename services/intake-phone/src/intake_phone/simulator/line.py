"""One call, followed verb by verb as TwiML tells it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

from intake_phone.simulator.account import new_sid
from intake_phone.simulator.exchange import Conversation, Exchange, HookFailed, Waiting
from intake_phone.simulator.person import Person

Params = dict[str, str]
Jump = tuple[str, Params]
"""The page to go on with, and what is told to it."""


class HungUp(Exception):
    """The TwiML ended the call."""


class LeftQueue(Exception):
    """`<Leave>`."""


class Line:
    """`about` are the parameters that come with every webhook of the call."""

    def __init__(self, exchange: Exchange, about: Mapping[str, str], person: Person, who: str) -> None:
        self.sid = about["CallSid"]
        self._exchange = exchange
        self._about = dict(about)
        self._person = person
        self._who = who
        self._task: asyncio.Task[None] | None = None
        self._gone = False
        self.over = asyncio.Event()
        self.queued = asyncio.Event()
        self.talking = asyncio.Event()
        self._verbs: dict[str, Callable[[Element, str], Awaitable[Jump | None]]] = {
            "Say": self._say,
            "Play": self._play,
            "Pause": self._pause,
            "Gather": self._gather,
            "Record": self._record,
            "Enqueue": self._enqueue,
            "Leave": self._leave,
            "Dial": self._dial,
            "Redirect": self._redirect,
            "Hangup": self._hangup,
            "Reject": self._hangup,
        }

    def start(self, url: str, callback: str = "", twiml: str = "") -> None:
        """Begin to follow `url`, or `twiml` itself; `callback` is told when the call is over."""
        self._exchange.calls[self.sid] = self._about
        self._task = self._exchange.tasks.create_task(self._run(url, callback, twiml), name=f"line {self.sid}")

    def hang_up(self) -> None:
        """The person does, at whatever is going on."""
        if self._task is not None and not self._gone:
            self._gone = True
            self._task.cancel()

    async def _run(self, url: str, callback: str, twiml: str) -> None:
        started = asyncio.get_running_loop().time()
        self._about["CallStatus"] = "in-progress"
        try:
            await self._begin(url, twiml)
        except HungUp:
            self._tell("is hung up on")
        except HookFailed as error:
            self._tell(f'hears: "An application error has occurred." ({error})')
        except asyncio.CancelledError:
            if not self._gone:
                raise
            self._tell("hangs up")
        finally:
            self.over.set()
        self._about["CallStatus"] = "completed"
        seconds = (asyncio.get_running_loop().time() - started) / (self._exchange.pace or 1)
        if callback:
            await self._exchange.quietly(callback, {**self._about, "CallDuration": str(round(seconds))})

    async def _begin(self, url: str, twiml: str) -> None:
        if not twiml:
            await self._talk(url, {})
        elif jump := await self._perform(_parsed(twiml), ""):
            await self._talk(*jump)

    async def _talk(self, url: str, params: Params) -> None:
        """Follow a page, and those that it leads to, to the end."""
        jump: Jump | None = (url, params)
        while jump is not None:
            url, params = jump
            answer = await self._exchange.hook(url, {**self._about, **params})
            jump = await self._perform(_parsed(answer), url)

    async def _perform(self, verbs: Element, base: str) -> Jump | None:
        for verb in verbs:
            perform = self._verbs.get(verb.tag)
            if perform is None:
                raise HookFailed(200, f"the simulator does not know <{verb.tag}>")
            jump = await perform(verb, base)
            if jump is not None:
                return jump
        return None

    async def _say(self, verb: Element, _base: str) -> None:
        self._tell(f'hears: "{(verb.text or "").strip()}"')

    async def _play(self, verb: Element, _base: str) -> None:
        self._tell(f"hears music: {(verb.text or '').strip()}")
        await self._exchange.pass_time(1)

    async def _pause(self, verb: Element, _base: str) -> None:
        await self._exchange.pass_time(int(verb.get("length", "1")))

    async def _gather(self, verb: Element, base: str) -> Jump | None:
        await self._perform(verb, base)
        keys = self._person.press()
        if not keys:
            await self._exchange.pass_time(int(verb.get("timeout", "5")))
            return None
        self._tell(f"presses {keys}")
        return urljoin(base, verb.get("action", base)), {"Digits": keys}

    async def _record(self, verb: Element, base: str) -> Jump | None:
        words = self._person.words
        if words is None:
            await self._exchange.pass_time(int(verb.get("timeout", "5")))
            return None
        self._tell(f'says after the tone: "{words}"')
        exchange = self._exchange
        recording, url = exchange.record(self._person.seconds)
        of_recording = {"RecordingSid": recording, "RecordingUrl": url}
        bare = {"CallSid": self.sid, **of_recording}
        if callback := verb.get("recordingStatusCallback"):
            told = {**bare, "RecordingStatus": "completed", "RecordingDuration": str(self._person.seconds)}
            exchange.tasks.create_task(exchange.quietly(urljoin(base, callback), told))
        if (callback := verb.get("transcribeCallback")) and exchange.transcribes:
            told = {**self._about, **of_recording, "TranscriptionSid": new_sid("TR")}
            told |= {"TranscriptionStatus": "completed", "TranscriptionText": words}
            exchange.tasks.create_task(exchange.quietly(urljoin(base, callback), told))
        return urljoin(base, verb.get("action", base)), {
            **of_recording,
            "RecordingDuration": str(self._person.seconds),
            "Digits": "hangup",
        }

    async def _enqueue(self, verb: Element, base: str) -> Jump:
        exchange, name = self._exchange, (verb.text or "").strip()
        members = exchange.queues.setdefault(name, [])
        waiting = Waiting(self.sid, new_sid("QU"))
        about = {"QueueSid": waiting.queue}
        since = asyncio.get_running_loop().time()

        def after(result: str) -> Jump:
            spent = round((asyncio.get_running_loop().time() - since) / (exchange.pace or 1))
            told = {**about, "QueueResult": result, "QueueTime": str(spent)}
            return urljoin(base, verb.get("action", base)), told

        if len(members) >= int(verb.get("maxQueueSize", "100")):
            return after("queue-full")
        members.append(waiting)
        self._tell("waits in the queue")
        self.queued.set()
        try:
            result = await self._wait_in(waiting, urljoin(base, verb.get("waitUrl", base)), about)
        except asyncio.CancelledError:
            if self._gone:  # Twilio tells the page that the queue leads to, though nobody hears its answer
                url, told = after("hangup" if waiting.conversation is None else "bridged")
                exchange.tasks.create_task(exchange.quietly(url, {**self._about, **told, "CallStatus": "completed"}))
            raise
        finally:
            with suppress(ValueError):
                members.remove(waiting)
        return after(result)

    async def _wait_in(self, waiting: Waiting, url: str, about: Params) -> str:
        """Hear what the wait page says, again and again, until something ends the waiting."""
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(self._hear(url, about))
            taken = tasks.create_task(waiting.taken.wait())
            await asyncio.wait({hearing, taken}, return_when=asyncio.FIRST_COMPLETED)
            hearing.cancel()
            taken.cancel()
        if waiting.conversation is None:
            return "leave"
        await self._talk_in(waiting.conversation)
        return "bridged"

    async def _talk_in(self, conversation: Conversation) -> None:
        """Until either has had enough."""
        self._tell("is connected")
        self.talking.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                ends = [tasks.create_task(event.wait()) for event in (conversation.over, self._person.enough)]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for end in ends:
                    end.cancel()
        finally:
            conversation.over.set()

    async def _hear(self, url: str, about: Params) -> None:
        """Ends when the page lets the caller leave."""
        with suppress(LeftQueue):
            while True:
                await self._talk(url, about)
                await self._exchange.pass_time(1)  # so that an empty page does not run wild

    async def _leave(self, _verb: Element, _base: str) -> Jump | None:
        raise LeftQueue

    async def _dial(self, verb: Element, base: str) -> Jump | None:
        action = verb.get("action")
        number = verb.find("Number")
        if number is not None:
            told = await self._dial_number(verb, number, base)
            return (urljoin(base, action), told) if action else None
        queue = verb.find("Queue")
        if queue is None:
            raise HookFailed(200, "the simulator dials queues and numbers only")
        name = (queue.text or "").strip()
        status = "no-answer"
        for _ in range(int(verb.get("timeout", "30"))):
            free = [each for each in self._exchange.queues.get(name, ()) if each.conversation is None]
            if free:
                status = "completed"
                conversation = free[0].conversation = Conversation()
                if queue.get("url"):  # a page for the caller, right before the two are connected
                    about = self._exchange.calls.get(free[0].call, {"CallSid": free[0].call})
                    told = {**about, "QueueSid": free[0].queue, "DequeingCallSid": self.sid}
                    await self._exchange.hook(urljoin(base, queue.get("url", "")), told)
                free[0].taken.set()
                await self._talk_in(conversation)
                break
            await self._exchange.pass_time(1)
        return (urljoin(base, action), {"DialCallStatus": status}) if action else None

    async def _dial_number(self, verb: Element, number: Element, base: str) -> Params:
        """Call somebody, and talk with them; gives what the page that follows is told."""
        exchange, to = self._exchange, (number.text or "").strip()
        told = {"DialCallSid": new_sid("CA")}
        person = exchange.phones.get(to)
        exchange.tell(f"customer at {to} is rung")
        if person is None or person.engaged:
            status = "no-answer" if person is None else "busy"
            if person is None:
                await exchange.pass_time(int(verb.get("timeout", "30")))
            else:
                person.engaged -= 1
            exchange.tell(f"customer at {to} is not reached ({status})")
            return {**told, "DialCallStatus": status}
        if number.get("url"):
            about = {"CallSid": told["DialCallSid"], "ParentCallSid": self.sid, "To": to, "CallStatus": "in-progress"}
            await exchange.hook(urljoin(base, number.get("url", "")), {**self._about, **about})
        exchange.tell(f"customer at {to} is connected")
        conversation = Conversation()
        async with asyncio.TaskGroup() as tasks:
            theirs = tasks.create_task(_until(person.enough, conversation.over))
            person.talking.set()
            await self._talk_in(conversation)
            theirs.cancel()
        return {**told, "DialCallStatus": "completed"}

    async def _redirect(self, verb: Element, base: str) -> Jump:
        return urljoin(base, (verb.text or "").strip()), {}

    async def _hangup(self, _verb: Element, _base: str) -> Jump | None:
        raise HungUp

    def _tell(self, what: str) -> None:
        self._exchange.tell(f"{self._who} {what}")


async def _until(enough: asyncio.Event, over: asyncio.Event) -> None:
    await enough.wait()
    over.set()


def _parsed(answer: str) -> Element:
    if not answer.strip():
        return Element("Response")
    try:
        root = fromstring(answer)  # noqa: S314 - what our own channel wrote
    except ParseError as error:
        raise HookFailed(200, "an answer that is no XML") from error
    if root.tag != "Response":
        raise HookFailed(200, f"<{root.tag}> is no answer")
    return root
