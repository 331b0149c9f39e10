"""What passes between a channel and the desk at this moment only; never stored, may be lost."""

from frontline.contract.codec import EnvelopeDecoder
from frontline.contract.ids import AgentId, ContactId
from frontline.contract.message import Envelope


class Typing(Envelope, frozen=True, kw_only=True, tag="typing"):
    """Somebody writes: `who` is `customer` or `agent`. Good for a few seconds."""

    contact: ContactId
    who: str


class Ring(Envelope, frozen=True, kw_only=True, tag="ring"):
    """An offer is open for a live contact: reach the agent where the channel can (their phone)."""

    contact: ContactId
    offer: str
    agent: AgentId
    number: str = ""


class StopRinging(Envelope, frozen=True, kw_only=True, tag="stop_ringing"):
    """The offer is over: accepted, rejected, timed out, withdrawn."""

    contact: ContactId
    offer: str
    outcome: str


class PickUp(Envelope, frozen=True, kw_only=True, tag="pick_up"):
    """From the channel: the agent who was rung says yes, where they were rung. The desk decides, as if they
    had accepted the offer themselves, and says `StopRinging`; it says so again when asked again.
    """

    contact: ContactId
    offer: str
    agent: AgentId


class Here(Envelope, frozen=True, kw_only=True, tag="here"):
    """Between the processes of a channel: with `asks`, whether the customer of this contact is connected to
    another one; without, that they are.
    """

    contact: ContactId
    asks: bool = False


Signal = Typing | Ring | StopRinging | PickUp | Here

decode_signal: EnvelopeDecoder[Signal] = EnvelopeDecoder(Signal)
