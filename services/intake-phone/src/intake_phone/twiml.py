"""What we say to Twilio, as TwiML: pure. One function for each moment of a call.

URLs come in ready made; texts are spoken in the settings' language.
"""

from datetime import datetime, timedelta

import msgspec
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from frontline.contract.deskview import Range
from intake_phone.normalize import duration


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How we sound."""

    language: str
    greeting: str
    hold_music: str
    wait_seconds: float
    voicemail_seconds: int
    transcribe: bool


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where Twilio goes on."""

    after_queue: str
    wait: str
    menu: str
    at_door: str
    voicemail: str
    recorded: str
    recording: str
    transcription: str


SILENT_MESSAGE = str(MessagingResponse())
"""An answer to a text message that sends nothing back."""
SILENT_CALL = str(VoiceResponse())
"""An answer that nobody hears."""


def enqueue(style: Style, links: Links, queue: str, wait: Range | None) -> str:
    """Greet, say how long it takes, and wait in a queue of one's own: an agent is connected to this caller
    and no other, and no queue can be full.
    """
    response = VoiceResponse()
    say(response, style, _greeted(style, f"The wait is {_range(wait)}." if wait else ""))
    response.enqueue(queue, action=links.after_queue, wait_url=links.wait)
    return str(response)


def wait(style: Style, links: Links, position: int, how_long: Range | None, *, call_back: bool = False) -> str:
    """What a waiting caller hears, until asked for again. A digit leads to a message, another to a call back."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, action=links.menu, timeout=1)
    told = [f"You are number {position} in line."] if position else []
    if how_long:
        told.append(f"The wait is {_range(how_long)}.")
    keeping = " Press 2 to hang up and be called back without losing your place." if call_back else ""
    told.append(f"Please hold, or press 1 to leave a message.{keeping}")
    say(gather, style, " ".join(told))
    response.append(gather)
    if style.hold_music:
        response.play(style.hold_music)
    else:
        response.pause(length=max(round(style.wait_seconds), 1))
    response.redirect(links.wait)
    return str(response)


def leave_queue() -> str:
    response = VoiceResponse()
    response.leave()
    return str(response)


def nobody_on(style: Style, links: Links, opens_at: datetime | None, now: datetime, *, call_back: bool = False) -> str:
    """Nobody is there: say so at once, and offer a call back, or to take a message."""
    response = VoiceResponse()
    when = f" We are back {_when(opens_at, now)}." if opens_at is not None and opens_at > now else ""
    say(response, style, _greeted(style, f"Nobody is here to take your call right now.{when}"))
    if call_back:
        gather = Gather(num_digits=1, action=links.at_door, timeout=2)
        say(gather, style, "Press 2 to be called back when we are.")
        response.append(gather)
    _ask(response, style, links)
    return str(response)


def leave_message(style: Style, links: Links, why: str) -> str:
    """The way out when nobody can be reached."""
    response = VoiceResponse()
    if why:
        say(response, style, why)
    _ask(response, style, links)
    return str(response)


def record(style: Style, links: Links) -> str:
    response = VoiceResponse()
    _record(response, style, links)
    return str(response)


def recorded(style: Style, *, heard: bool) -> str:
    response = VoiceResponse()
    said = "Thank you. We will come back to you. Goodbye." if heard else "We did not hear anything. Goodbye."
    say(response, style, said)
    response.hangup()
    return str(response)


def goodbye(style: Style, text: str = "") -> str:
    response = VoiceResponse()
    if text:
        say(response, style, text)
    response.hangup()
    return str(response)


def announce(style: Style, text: str) -> str:
    """To somebody of us whose phone was answered: twice, as nobody listens from the first word on."""
    response = VoiceResponse()
    for times in range(2):
        if times:
            response.pause(length=1)
        say(response, style, text)
    response.hangup()
    return str(response)


CALL_BACK_TAKEN = "We will call you back as soon as it is your turn. Goodbye."


def ask_agent(style: Style, accept: str, again: str, *, call_back: bool = False) -> str:
    """To the agent whose phone was answered: by a person, or by their answering machine, which presses nothing."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, action=accept, timeout=10)
    asked = "A customer asks to be called back. Press 1 to call them now."
    say(gather, style, asked if call_back else "A customer is waiting. Press 1 to take the call.")
    response.append(gather)
    response.redirect(again)
    return str(response)


def connect(style: Style, queue: str, done: str, answered: str) -> str:
    """Connect the agent to the one caller in `queue`; `answered` is asked for at that moment."""
    response = VoiceResponse()
    say(response, style, "You are being connected.")
    # Left alone, Twilio waits half a minute for somebody to come into an empty queue.
    dial = Dial(action=done, timeout=5)
    dial.queue(queue, url=answered)
    response.append(dial)
    return str(response)


def call_customer(style: Style, number: str, ours: str, seconds: int, done: str, answered: str) -> str:
    """Call the customer, and connect the agent when they pick up; `answered` is asked for at that moment."""
    response = VoiceResponse()
    say(response, style, "The customer is being called.")
    dial = Dial(action=done, timeout=seconds, caller_id=ours)
    dial.number(number, url=answered)
    response.append(dial)
    return str(response)


def ask_again(url: str, seconds: int) -> str:
    response = VoiceResponse()
    response.pause(length=seconds)
    response.redirect(url)
    return str(response)


def _ask(response: VoiceResponse, style: Style, links: Links) -> None:
    """Record is the default: a caller who can't press keys is heard, too."""
    say(response, style, "Please leave a message after the tone, and we will come back to you.")
    _record(response, style, links)


def _record(response: VoiceResponse, style: Style, links: Links) -> None:
    response.record(
        action=links.recorded,
        max_length=style.voicemail_seconds,
        timeout=10,
        finish_on_key="#",
        play_beep=True,
        trim="do-not-trim",
        recording_status_callback=links.recording,
        recording_status_callback_event="completed",
        **({"transcribe": True, "transcribe_callback": links.transcription} if style.transcribe else {}),
    )
    # Twilio goes on here, and does not call `action`, when there was only silence.
    say(response, style, "We did not hear anything. Goodbye.")
    response.hangup()


def say(verb: VoiceResponse | Gather, style: Style, text: str) -> None:
    verb.say(text, language=style.language)


def _greeted(style: Style, text: str) -> str:
    return f"{style.greeting} {text}".strip()


def _range(wait: Range) -> str:
    low, high = (_minutes(each) for each in (wait.low, wait.high))
    if high <= 1:
        return "less than a minute" if wait.high < timedelta(minutes=1) else "about a minute"
    return f"about {high} minutes" if low == high else f"{low} to {high} minutes"


def _minutes(span: timedelta) -> int:
    return max(-(-int(span.total_seconds()) // 60), 1)


def _when(instant: datetime, now: datetime) -> str:
    """From now, not by the clock: what the caller's clock shows is not known."""
    left = int((instant - now).total_seconds())
    if left < 3600:
        return f"in {duration(max(left // 60, 1) * 60)}"
    hours = -(-left // 3600)
    return f"in about {hours} hours" if hours < 48 else f"in {hours // 24} days"
