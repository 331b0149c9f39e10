"""What agents write: replies and notes. Their words are stored before the desk decides upon them."""

import asyncio
from contextlib import suppress
from typing import Any

import nh3
from aiohttp import web

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.draft import Draft
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import Attachment
from frontline.runtime.objects import one
from frontline.runtime.topology import ATTACHMENTS
from router.api.call import Call, answer
from router.api.compose import GIST, address_letter, note_draft, reply_draft
from router.api.contacts import WAIT_SECONDS
from router.api.idempotency import ask, id_for
from router.api.shape import FileBody, NoteBody, Nothing, ReplyBody
from router.core.command import AddNote, SendReply

_SCHEMES = {*nh3.ALLOWED_URL_SCHEMES, "cid"}
"""Where a reply's HTML may lead to, and its pictures come from: files of its own, too."""


async def write_reply(call: Call[ReplyBody, Nothing]) -> web.Response:
    contact, body = call.contact(), call.body
    index = call.api.index
    with suppress(Unavailable):  # words that are held up keep no answer back
        # The log tells of a message before its words stand in the transcript, and those say where to answer.
        await index.wait_for_words(contact.id, index.log_position(call.who.desk.id).seq, WAIT_SECONDS)
    read = index.read
    letter = address_letter(
        contact,
        read.subject(contact.id),
        read.customer(contact.customer),
        read.gist(contact.id, GIST),
        call.who.desk,
        channel=body.channel,
        to=body.to,
        cc=body.cc,
        is_ours=call.api.access.is_ours,
    )
    id_ = id_for(call, contact.id, "r")
    draft = reply_draft(
        letter,
        id_=id_,
        contact=contact.id,
        customer=contact.customer,
        who=call.who,
        text=body.text,
        html=nh3.clean(body.html, url_schemes=_SCHEMES) if body.html else "",
        attachments=await _store(call, id_, body.attachments),
        now=call.api.clock(),
    )
    command = SendReply(
        contact=contact.id,
        reply=id_,
        agent=call.who.agent.id,
        channel=letter.channel,
        inbox=letter.inbox,
        draft=await keep(call, draft),
        keys=(call.api.signer.key_hash("reply", id_),),
    )
    return await _written(call, command, id_, contact.id)


async def write_note(call: Call[NoteBody, Nothing]) -> web.Response:
    contact = call.contact()
    id_ = id_for(call, contact.id, "n")
    draft = note_draft(id_=id_, contact=contact, who=call.who, text=call.body.text, now=call.api.clock())
    command = AddNote(contact=contact.id, note=id_, agent=call.who.agent.id, draft=await keep(call, draft))
    return await _written(call, command, id_, contact.id)


async def _written(
    call: Call[ReplyBody, Nothing] | Call[NoteBody, Nothing],
    command: SendReply | AddNote,
    id_: MessageId,
    contact: ContactId,
) -> web.Response:
    body = {"id": id_, "contact": contact}
    reply = await ask(call, command, body)
    return answer(body, status=201, seq=reply.seq)


async def keep(call: Call[Any, Nothing], draft: Draft) -> int:
    """Store the draft durably; gives its place. The command names nothing that is not stored."""
    item = draft.item
    desk = call.who.desk.id
    head = cloudevent.headers(
        id=item.id, kind="draft", source=f"/desks/{desk}", at=item.at, traceparent=call.traceparent
    )
    return (await call.api.bus.publish(subject.draft(desk), encode(draft), head)).seq


async def _store(call: Call[ReplyBody, Nothing], id_: MessageId, files: tuple[FileBody, ...]) -> tuple[Attachment, ...]:
    if files and (said := call.api.index.read.item(id_)) is not None:
        return said.item.attachments  # a repeat: they are there
    refs = await asyncio.gather(
        *(call.api.files.put(ATTACHMENTS, f"{id_}/{n}", one(file.content)) for n, file in enumerate(files))
    )
    return tuple(
        Attachment(
            name=file.name,
            media_type=file.media_type,
            content=ref,
            content_id=file.content_id,
            inline=bool(file.content_id),
        )
        for file, ref in zip(files, refs, strict=True)
    )
