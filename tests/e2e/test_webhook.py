"""A channel that came later, with real processes: posted in, assigned, answered, posted out, again in the same contact."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from frontline.configuration.demo import DEMO
from frontline.testing.driver import Answer, Sent, Told
from frontline.testing.http_ends import http_far_end, post
from intake_webhook.signature import ID, checked, key_of, signed
from tests.e2e.running import Running, frontline, until

SECRET = "whsec_" + base64.b64encode(b"a secret for tests only!").decode()
INBOX = """
[[desk.inbox]]
channel = "webhook"
id = "shop"
name = "Shop"
address = "shop"
"""


async def test_a_posted_message_is_assigned_answered_and_answered_again_in_the_same_contact(tmp_path: Path) -> None:
    key = key_of(SECRET)
    assert key is not None
    config = tmp_path / "frontline.toml"
    config.write_text(DEMO.replace("[[desk.agent]]", f"{INBOX}\n[[desk.agent]]", 1))

    def taken(body: bytes, headers: Mapping[str, str]) -> Sent:
        id_ = checked([key], headers, body, now=datetime.now(UTC), tolerance=timedelta(minutes=5))
        assert headers[ID] == id_ == json.loads(body)["id"]
        return Sent(id_, body.decode())

    async with (
        http_far_end(taken) as shop,
        frontline(
            tmp_path / "data",
            FRONTLINE_CONFIG=str(config),
            FRONTLINE_WEBHOOK_PORT="0",
            FRONTLINE_WEBHOOK_SECRETS=SECRET,
            FRONTLINE_WEBHOOK_REPLIES=f"shop={shop.url}",
        ) as running,
    ):
        first = {"subject": "Parcel", "text": "Where is it?"}
        assert (await say(running, key, "msg-1", first)).told is Told.ACCEPTED
        assert (await say(running, key, "msg-1", first)).told is Told.ACCEPTED  # whoever missed the answer asks again
        contact = await running.contact("Parcel")
        assert contact["channel"] == "webhook"
        assert contact["assignment"]["via"] == "auto"
        path = f"/api/contacts/{contact['id']}"
        await running.post(f"{path}/replies", {"text": "On its way."}, key="first")

        async def arrived() -> list[Sent]:
            return shop.sent()

        (sent,) = await until(arrived)
        reply = json.loads(sent.text)
        assert (reply["to"], reply["text"], reply["in_reply_to"]) == ("customer-7", "On its way.", ["msg-1"])
        assert (await say(running, key, "msg-2", {"text": "Thank you."})).told is Told.ACCEPTED

        async def three() -> list[dict[str, Any]]:
            said = [item for item in await running.items(contact["id"]) if item["kind"] == "message"]
            return said if len(said) == 3 and said[1]["delivery"] == "sent" else []

        assert [item["text"] for item in await until(three)] == ["Where is it?", "On its way.", "Thank you."]
        assert len(await running.contacts()) == 1


async def say(running: Running, key: bytes, id_: str, words: Mapping[str, str]) -> Answer:
    """Post what a customer of the shop wrote, as one conversation."""
    status = json.loads((running.data_dir / "run" / "intake-webhook.json").read_text())
    sender = {"address": "customer-7", "name": "Customer Seven"}
    body = json.dumps({"from": sender, "thread": "order-4711", **words}).encode()
    return await post(f"{status['listeners']['http']}/webhook/shop", body, signed([key], id_, datetime.now(UTC), body))
