"""Transcript items as the API shows them. Pure."""

from collections.abc import Callable
from urllib.parse import quote

from frontline.contract.message import ObjectRef
from frontline.contract.transcript import Author, Direction, TranscriptItem
from router.api.shape import Delivery, File, From, Line
from router.index.reading import Said
from router.index.row import stamp

OBJECTS = "/api/objects"

Picture = Callable[[str], str | None]
"""The picture that goes with an agent's id."""


def line_of(said: Said, picture: Picture) -> Line:
    item = said.item
    return Line(
        seq=said.seq,
        id=item.id,
        at=stamp(item.at),
        kind=item.kind,
        direction=item.direction,
        author=_from(item.author, picture),
        channel=item.channel,
        subject=item.subject,
        text=item.text,
        reply_text=item.reply_text,
        html=item.html,
        attachments=tuple(
            File(
                name=file.name,
                media_type=file.media_type,
                size=file.content.size,
                url=url_of(file.content),
                content_id=file.content_id or None,
            )
            for file in item.attachments
        ),
        original=url_of(item.original) if item.original and not item.withheld else None,
        delivery=said.delivery.value if said.delivery else _undelivered(item),
        threaded_by=item.threaded_by or None,
        reply=item.reply,
        flaw=item.flaw or None,
    )


def url_of(ref: ObjectRef) -> str:
    return f"{OBJECTS}/{ref.bucket}/{quote(ref.name)}"


def _from(author: Author, picture: Picture) -> From:
    name = author.name or (author.identity.name or author.identity.address if author.identity else "")
    return From(role=author.role, name=name, picture=picture(author.id) if author.role == "agent" else None)


def _undelivered(item: TranscriptItem) -> Delivery | None:
    """What was said to the customer and has no receipt yet is still on its way."""
    return "queued" if item.direction is Direction.OUT else None
