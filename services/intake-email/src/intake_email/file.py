"""A mail's files: their bytes, names and places."""

import re
from dataclasses import dataclass

from intake_email.header import split
from intake_email.mime import Entity
from intake_email.parameter import parameters
from intake_email.tnef import Unpacked

_LONGEST_NAME = 200
_PATH = re.compile(r"[/\\\x00-\x1f\x7f]+")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_ENDINGS = {
    "application/pdf": "pdf", "application/zip": "zip", "application/ms-tnef": "dat", "audio/mpeg": "mp3",
    "image/gif": "gif", "image/jpeg": "jpg", "image/png": "png", "message/rfc822": "eml", "text/calendar": "ics",
    "text/csv": "csv", "text/html": "html", "text/plain": "txt", "text/vcard": "vcf", "text/x-vcard": "vcf",
    "application/pgp-signature": "asc", "application/pgp-keys": "asc", "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m", "application/x-pkcs7-mime": "p7m",
}  # fmt: skip
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}


@dataclass(frozen=True, slots=True)
class File:
    """One file, decoded. `content_id` is without brackets."""

    name: str
    media_type: str
    data: bytes
    content_id: str = ""
    inline: bool = False


def file_of(entity: Entity, data: bytes, *, number: int, related: bool) -> File:
    """The file that a part is; `number` is its place among the files, `related` that HTML may show it."""
    disposition, _ = parameters(entity.headers.first(b"content-disposition"))
    content_id = entity.headers.first(b"content-id").strip("<> \t")[:_LONGEST_NAME]
    return File(
        name=_name(entity, data, number),
        media_type=entity.media_type,
        data=data,
        content_id=content_id,
        inline=disposition != "attachment" and (related or disposition == "inline" or bool(content_id)),
    )


def file_in(unpacked: Unpacked, *, number: int) -> File:
    """A file that lay in a winmail.dat."""
    media_type = unpacked.media_type.lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("multipart/", "message/")):
        media_type = "application/octet-stream"
    name = _bare(unpacked.name) or f"attachment-{number}.{_ENDINGS.get(media_type, 'bin')}"
    content_id = unpacked.content_id[:_LONGEST_NAME]
    return File(name, media_type, unpacked.data, content_id, inline=bool(content_id))


def is_tnef(file: File) -> bool:
    """Whether it is, or calls itself, a winmail.dat."""
    return file.media_type in _TNEF or file.name.lower() == "winmail.dat"


def given_name(entity: Entity) -> str:
    """The name that a part has, without any path, "" for none."""
    _, disposition = parameters(entity.headers.first(b"content-disposition"))
    return _bare(disposition.get("filename", "") or entity.parameters.get("name", ""))


def _bare(name: str) -> str:
    return _PATH.split(name)[-1].strip()[-_LONGEST_NAME:]


def _name(entity: Entity, data: bytes, number: int) -> str:
    name = given_name(entity)
    if name:
        return name
    ending = _ENDINGS.get(entity.media_type, "bin")
    if entity.media_type == "message/rfc822":
        subject = _PATH.sub(" ", split(data[:65536])[0].text(b"subject")).strip()[: _LONGEST_NAME - 4]
        if subject:
            return f"{subject}.{ending}"
    return f"attachment-{number}.{ending}"
