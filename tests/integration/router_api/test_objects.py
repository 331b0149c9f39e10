"""Attachments and originals: given to the desk that has the message, as downloads that can do no harm."""

from pathlib import Path

import aiohttp
import msgspec
import pytest

from frontline.contract.ids import ContactId
from frontline.contract.message import Attachment, InboundMessage, ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.objects import Objects, one
from router.api.line import url_of
from tests.integration.router_api.world import OTHER, World, world
from tests.integration.router_desk.desk import mail

ORIGINAL = b"From: a\r\n\r\n<script>alert(1)</script>"


async def with_files(there: World, *files: tuple[str, str, bytes]) -> tuple[ContactId, InboundMessage]:
    """A mail with these attachments (name, media type, bytes) and its original."""
    message = mail("<1@one.example>")
    objects = Objects(there.bus)
    attachments = [
        Attachment(
            name=name, media_type=media_type, content=await objects.put("ATTACHMENTS", f"{message.id}/{n}", one(data))
        )
        for n, (name, media_type, data) in enumerate(files)
    ]
    original = await objects.put("ORIGINALS", f"{message.id}/0", one(ORIGINAL))
    message = msgspec.structs.replace(message, attachments=tuple(attachments), original=original)
    return await there.contact_from(message), message


async def test_an_original_is_a_download_under_a_policy_that_lets_it_do_nothing(
    provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        id_, message = await with_files(there)
        [line] = (await there.client().get(f"/api/contacts/{id_}/transcript")).body["items"]
        answer = await there.client().get(line["original"])
        assert (answer.status, answer.body) == (200, ORIGINAL)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{message.id}.eml"')
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Length"] == str(len(ORIGINAL))


async def test_an_original_with_a_virus_is_not_given_to_agents(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        message = msgspec.structs.replace(mail("<1@one.example>"), withheld="Some-Virus")
        original = await Objects(there.bus).put("ORIGINALS", f"{message.id}/0", one(ORIGINAL))
        id_ = await there.contact_from(msgspec.structs.replace(message, original=original))
        [line] = (await there.client().get(f"/api/contacts/{id_}/transcript")).body["items"]
        assert line["original"] is None
        assert (await there.client().get(url_of(original))).status == 404


@pytest.mark.parametrize(
    "name,media_type,shown,disposition",
    [
        ("a.png", "image/png", "image/png", "attachment; filename=\"a.png\"; filename*=UTF-8''a.png"),
        (
            "a.svg",
            "image/svg+xml",
            "application/octet-stream",
            "attachment; filename=\"a.svg\"; filename*=UTF-8''a.svg",
        ),
        (
            'x"\r\nSet-Cookie: a=b.html',
            "text/html; charset=utf-8",
            "application/octet-stream",
            "attachment; filename=\"x___Set-Cookie_ a_b.html\"; filename*=UTF-8''x%22%0D%0ASet-Cookie%3A%20a%3Db.html",
        ),
        ("größe", "x", "application/octet-stream", "attachment; filename=\"gr__e\"; filename*=UTF-8''gr%C3%B6%C3%9Fe"),
    ],
)
async def test_what_a_customer_calls_a_file_can_do_no_harm(
    provisioned: Bus, tmp_path: Path, name: str, media_type: str, shown: str, disposition: str
) -> None:
    async with world(provisioned, tmp_path) as there:
        id_, _ = await with_files(there, (name, media_type, b"data"))
        [line] = (await there.client().get(f"/api/contacts/{id_}/transcript")).body["items"]
        answer = await there.client().get(line["attachments"][0]["url"])
        assert answer.headers["Content-Type"] == shown
        assert answer.headers["Content-Disposition"] == disposition


async def test_an_empty_file_is_given_too(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        _, message = await with_files(there, ("empty", "text/plain", b""))
        answer = await there.client().get(f"/api/objects/ATTACHMENTS/{message.id}/0")
        assert (answer.status, answer.body) == (200, b"")


async def test_an_object_is_for_the_desk_that_has_the_message_only(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        _, message = await with_files(there, ("a", "text/plain", b"x"))
        await Objects(there.bus).put("ATTACHMENTS", f"{message.id}/9", one(b"not named by the message"))
        await Objects(there.bus).put("SNAPSHOTS", f"{message.id}/0", one(b"ours"))
        assert (await there.client(OTHER).get(f"/api/objects/ATTACHMENTS/{message.id}/0")).status == 404
        assert (await there.stranger().get(f"/api/objects/ATTACHMENTS/{message.id}/0")).status == 401
        for path in (
            f"ATTACHMENTS/{message.id}/9",
            f"SNAPSHOTS/{message.id}/0",
            f"ATTACHMENTS/{message.id}",
            "ORIGINALS/x/0",
        ):
            assert (await there.client().get(f"/api/objects/{path}")).status == 404


async def test_an_object_out_of_reach_is_not_half_a_file(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        _, message = await with_files(there, ("a", "text/plain", b"x" * 500_000))
        assert message.original is not None
        await there.bus.nc.jetstream().purge_stream("OBJ_ATTACHMENTS", subject="$O.ATTACHMENTS.M.>")
        assert (await there.client().get(f"/api/objects/ATTACHMENTS/{message.id}/0")).status == 503


async def test_an_object_that_ends_too_soon_is_cut_off_and_counted(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        _, message = await with_files(there, ("a", "text/plain", b"x" * 500_000))
        chunks = await there.bus.nc.jetstream().stream_info("OBJ_ATTACHMENTS")
        await there.bus.nc.jetstream().delete_msg("OBJ_ATTACHMENTS", chunks.state.last_seq - 1)
        with pytest.raises(aiohttp.ClientError):
            await there.client().get(f"/api/objects/ATTACHMENTS/{message.id}/0")
        assert 'where="api_object"} 1.0' in there.figures()


def test_the_place_of_an_object_is_a_path_that_any_name_fits_into() -> None:
    ref = ObjectRef(bucket="ATTACHMENTS", name="m1/0 ä", size=1, sha256="")
    assert url_of(ref) == "/api/objects/ATTACHMENTS/m1/0%20%C3%A4"
