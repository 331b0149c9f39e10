"""What happens to a call, each as one message of kind `call`: pure.

Nobody asks anything by them but by the first. `presence` tells the desk where the caller is.
"""

from datetime import datetime
from typing import Any

import msgspec

from frontline.contract.message import Automation, InboundMessage, MessageKind, Presence, ThreadEvidence, ThreadKey
from intake_phone.normalize import Form, Party, call_key, call_message, duration, is_withheld, kept, number_key

_WHY_NOT = {
    "busy": "the line is engaged",
    "no-answer": "nobody answers",
    "canceled": "the agent hung up",
    "agent": "the agent did not pick up",
}
_KEPT_OF_CALL = ("CallerCountry", "CallerState", "StirVerstat", "ForwardedFrom", "Direction")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended: `answered`, `missed`, `voicemail`, `call_back` for a caller who waits to be called
    back, or `ended` when nobody can tell any more.
    """

    outcome: str
    seconds: int | None = None


def call_back_key(party: Party) -> ThreadKey:
    """What tells that this number waits, or has waited, to be called back."""
    value = f"{party.inbox}:{party.caller.address}"
    return ThreadKey(kind="call back", value=value, evidence=ThreadEvidence.THREAD, finds=False)


def began(party: Party, form: Form, received: datetime, *, live: bool = False, again: str = "") -> InboundMessage:
    """The call, as it reached us. It opens a contact; texts that follow from this number come to it.

    `live` is for a caller who is about to wait for somebody. Who is to be called back and rings `again`
    comes to the contact of that earlier call.
    """
    thread = [call_key(party.call)]
    if not is_withheld(party):
        thread.append(number_key(party, finds=False))
    if again:
        thread.append(ThreadKey(kind="call", value=again, evidence=ThreadEvidence.THREAD, binds=False))
    return call_message(
        party,
        party.call,
        "call",
        received,
        kind=MessageKind.CALL,
        presence=Presence.LIVE if live else Presence.AWAY,
        thread=tuple(thread),
        native={"call": "began", **kept(form, _KEPT_OF_CALL)},
    )


def answered(party: Party, agent: str, received: datetime, *, back: bool = False) -> InboundMessage:
    """Somebody of ours has picked up: told once of a call, at that moment. `back`: we called them."""
    text = "The customer was called back, and answered." if back else "The call was answered."
    return _happened(party, "answered", text, Presence.ANSWERED, received, agent=agent, back=back)


def left_queue(party: Party, received: datetime) -> InboundMessage:
    """The caller waits no more, and is about to leave a message."""
    return _happened(party, "left_queue", "The caller stopped waiting.", Presence.LEFT, received)


def call_back(party: Party, received: datetime) -> InboundMessage:
    """The caller hangs up and waits to be called back: live, in the place that they have."""
    text = "The caller asks to be called back, and keeps their place."
    thread = (call_key(party.call), call_back_key(party))
    return _happened(party, "call_back", text, Presence.LIVE, received, thread=thread)


def called_back(party: Party, received: datetime) -> InboundMessage:
    """The call that we made to them is over."""
    return _happened(party, "called_back", "The call back is over.", Presence.LEFT, received)


def not_reached(party: Party, leg: str, why: str, received: datetime) -> InboundMessage:
    """One try to call back came to nothing, and there will be another. `leg` is the agent's own call in it."""
    text = f"Tried to call back: {_WHY_NOT.get(why, 'the call failed')}. Another try follows."
    return _happened(party, "not_reached", text, Presence.LIVE, received, of=leg, leg=leg)


def given_up(party: Party, tries: int, received: datetime) -> InboundMessage:
    """Nobody was reached: it goes on in writing."""
    count = "once" if tries == 1 else f"{tries} times"
    text = f"Tried to call back {count}, without success. Please answer them in writing."
    return _happened(party, "given_up", text, Presence.LEFT, received)


def ended(party: Party, how: Outcome, received: datetime) -> InboundMessage:
    """The end of a call. Nobody asks anything by it: it starts and meets no clock, and reopens nothing."""
    more: dict[str, Any] = {"outcome": how.outcome}
    if how.seconds is not None:
        more["seconds"] = how.seconds
    presence = Presence.LIVE if how.outcome == "call_back" else Presence.LEFT
    return _happened(party, "ended", _said_of(how), presence, received, **more)


def _happened(
    party: Party, state: str, text: str, presence: Presence, received: datetime, *, of: str = "", **parts: Any
) -> InboundMessage:
    """Something that happened to a call; nobody asks anything by it. `of` tells repeated things of one call apart."""
    thread = parts.pop("thread", (call_key(party.call),))
    return call_message(
        party,
        party.call,
        f"call {state.replace('_', ' ')}{f' {of}' if of else ''}",
        received,
        kind=MessageKind.CALL,
        presence=presence,
        text=text,
        automation=Automation.AUTO_REPLIED,
        thread=thread,
        native={"call": state, **parts},
    )


def _said_of(how: Outcome) -> str:
    after = "" if how.seconds is None else f" after {duration(how.seconds)}"
    return {
        "answered": f"The call was answered and ended{after}.",
        "missed": f"Missed call: the caller hung up{after}.",
        "voicemail": f"The caller left a message and hung up{after}.",
        "call_back": f"The caller hung up{after}, and waits to be called back.",
    }.get(how.outcome, f"The call ended{after}.")
