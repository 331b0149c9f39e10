"""Writing to a customer who has not asked."""

from collections.abc import Sequence

from aiohttp import web

from frontline.configuration.model import Inbox
from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import Identity, Recipient
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import CUSTOMERS
from router.api.call import Call, answer
from router.api.compose import Letter, reply_draft
from router.api.idempotency import ask, id_for
from router.api.problem import FieldMistake, Invalid
from router.api.shape import ContactBody, Nothing
from router.api.writing import keep
from router.core.command import WriteFirst
from router.desk.effects import stored
from router.desk.resolve import identity_hash
from router.desk.words import Words


async def write_first(call: Call[ContactBody, Nothing]) -> web.Response:
    body, desk, now = call.body, call.who.desk, call.api.clock()
    inbox = _inbox(desk.inboxes, body)
    identity = Identity(channel=inbox.channel, address=body.to)
    hashed = identity_hash(call.api.signer, identity)
    entry = await KeyValue(call.api.bus, CUSTOMERS).get(f"id.{hashed}")
    customer = CustomerId(entry.value.decode()) if entry else CustomerId("u" + hashed)
    words = Words(call.api.bus, call.api.signer, desk.id)
    await stored(await words.met(customer, identity, known=entry is not None))
    id_ = id_for(call, ContactId(""), "r")
    contact = ContactId("c" + id_[1:])
    draft = reply_draft(
        Letter(
            channel=inbox.channel, inbox=inbox.id, to=(Recipient(address=body.to),), thread=(), subject=body.subject
        ),
        id_=id_,
        contact=contact,
        customer=customer,
        who=call.who,
        text=body.text,
        html="",
        attachments=(),
        now=now,
    )
    command = WriteFirst(
        contact=contact,
        customer=customer,
        reply=id_,
        agent=call.who.agent.id,
        channel=inbox.channel,
        inbox=inbox.id,
        draft=await keep(call, draft),
        keys=(call.api.signer.key_hash("reply", id_),),
    )
    said = {"id": id_, "contact": contact}
    reply = await ask(call, command, said)
    return answer(said, status=201, seq=reply.seq)


def _inbox(inboxes: Sequence[Inbox], body: ContactBody) -> Inbox:
    """The one that is meant: where several channels have one of that id, by what the address looks like."""
    found = [inbox for inbox in inboxes if inbox.id == body.inbox and body.channel in (None, inbox.channel)]
    if not found:
        raise Invalid(FieldMistake("$.inbox", "is no inbox of this desk"))
    alike = [inbox for inbox in found if _looks(inbox.address) == _looks(body.to)]
    if len(alike) != 1:
        raise Invalid(FieldMistake("$.channel", "has to be said: nothing else tells by which inbox to write"))
    return alike[0]


def _looks(address: str) -> str:
    if "@" in address:
        return "mail"
    return "number" if address.startswith("+") else "other"
