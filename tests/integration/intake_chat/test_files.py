"""Files of visitors: whose they are, and how long their address holds."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_chat.stage import chatting


async def test_a_file_goes_with_the_message_that_it_was_sent_for_and_no_other(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_max_file=1000) as stage:
        window = await stage.open()
        id_ = str(uuid.uuid4())
        answer = await stage.send_file(window.token, id_, b"picture", name="../../My\u202egnp.exe")
        assert answer.status == 201, await answer.text()
        sent = await answer.json()
        assert (sent["name"], sent["size"], sent["media_type"]) == ("_.._My_gnp.exe", 7, "image/png")
        ref: dict[str, Any] = {"attachments": [{"ref": sent["ref"]}]}
        assert (await window.say("wrong message", **ref))["code"] == "not_found"
        stranger = await stage.open()
        assert (await stranger.say("not mine", id_, **ref))["code"] == "not_found"
        assert (await window.say("forged", attachments=[{"ref": sent["ref"][:-4] + "AAAA"}]))["code"] == "not_found"
        assert (await window.say("", id_, **ref))["type"] == "ack"
        (contact,) = await stage.desk.decide()
        frame = await window.next("message")
        (file,) = frame["attachments"]
        async with stage.client.get(stage.url + file["url"]) as response:
            assert (response.status, await response.read()) == (200, b"picture")
            assert response.headers["Content-Disposition"].startswith("attachment;")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in response.headers["Content-Security-Policy"]
        async with stage.client.get(stage.url + file["url"][:-4] + "AAAA") as response:
            assert response.status == 404
        assert (await stage.send_file(window.token, id_, b"x" * 1001)).status == 413

        async def endless() -> Any:
            for _ in range(100):
                yield b"x" * 100

        assert (await stage.send_file(window.token, id_, endless())).status == 413
        assert (await stage.send_file("v1.forged.support.0.x", id_, b"x")).status == 401
        assert (await stage.send_file(window.token, "short", b"x")).status == 400
        assert (await stage.send_file(window.token, id_, b"x", n="11")).status == 400
        del contact


async def test_an_address_of_a_file_is_over_after_some_hours(nats: EmbeddedServer, bus: Bus) -> None:
    late = {"now": datetime.now(UTC)}
    async with chatting(nats, bus, clock=lambda: late["now"]) as stage:
        window = await stage.open()
        id_ = str(uuid.uuid4())
        sent = await (await stage.send_file(window.token, id_, b"picture", name="a.png")).json()
        await window.say("see", id_, attachments=[{"ref": sent["ref"]}])
        await stage.desk.decide()
        url = (await window.next("message"))["attachments"][0]["url"]
        late["now"] += timedelta(hours=25)
        async with stage.client.get(stage.url + url) as response:
            assert response.status == 404
