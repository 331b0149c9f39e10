"""Who a visitor is: tokens of ours, and identities that the page vouches for."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from frontline.contract.message import IdentityStatus
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_chat.token import Visitor, issue
from tests.integration.intake_chat.stage import SALES_SECRET, SECRETS, SIGNER, SUPPORT, chatting, identity


# hard-case 37
async def test_a_token_that_is_forged_over_or_for_another_inbox_is_refused(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, _ = await stage.talking("a secret of mine")
        token = window.token
        assert await stage.refused(inbox="sales", token=token) == ("token_refused", 1008)
        head, _, mac = token.rpartition(".")
        other = head.replace(token.split(".")[1], "a" + "0" * 32)
        assert await stage.refused(token=f"{other}.{mac}") == ("token_refused", 1008)
        assert await stage.refused(token="nonsense") == ("token_refused", 1008)

        def sign(purpose: str, data: bytes) -> bytes:
            return SIGNER.sign(f"channel chat {purpose}", data)

        visitor = Visitor(token.split(".")[1], SUPPORT)
        month_old = issue(visitor, sign, datetime.now(UTC) - timedelta(days=31))
        assert await stage.refused(token=month_old) == ("token_refused", 1008)
        week_old = issue(visitor, sign, datetime.now(UTC) - timedelta(days=7))
        again = await stage.open(week_old)
        assert await again.lines(1) == ["a secret of mine"]
        assert again.token != week_old


# hard-case 37
@pytest.mark.parametrize(
    "bad",
    [
        identity("customer-1", secret="somebody else's secret, long enough to be one"),
        identity("customer-1", secret=SALES_SECRET),
        identity("customer-1", life=-120),
        identity("customer-1", aud="sales"),
        identity("", name="nobody"),
        "not.a.jwt",
        ".".join(
            [
                base64.urlsafe_b64encode(part).decode().rstrip("=")
                for part in (b'{"alg":"none"}', b'{"sub":"x","exp":9e9}')
            ]
            + [""]
        ),
    ],
)
async def test_an_identity_that_the_page_of_this_inbox_has_not_signed_for_now_is_refused(
    nats: EmbeddedServer, bus: Bus, bad: str
) -> None:
    async with chatting(nats, bus, chat_identity_secrets=SECRETS) as stage:
        assert await stage.refused(identity=bad) == ("identity_refused", 1008)


# hard-case 36
async def test_a_person_whom_the_page_vouches_for_is_one_visitor_on_every_device(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_identity_secrets=SECRETS) as stage:
        jwt = identity("customer-1", name="Customer One", email="one@customer.example")
        laptop, _ = await stage.talking("from the laptop", identity=jwt)
        phone = await stage.open(identity=identity("customer-1"))
        assert await phone.lines(1) == ["from the laptop"]
        await phone.say("from the phone")
        await stage.desk.decide()
        assert await laptop.lines(1) == ["from the phone"]
        sender = (await stage.desk.inbound())[0].sender
        assert (sender.address, sender.name, sender.status) == (
            "support:customer-1", "Customer One", IdentityStatus.VERIFIED,
        )  # fmt: skip
        assert [(one.method, one.result) for one in sender.evidence] == [
            ("jwt", "pass"),
            ("address", "one@customer.example"),
        ]


# hard-case 36: the second device is open before there is a contact, and nobody tells it
async def test_a_device_that_waits_since_before_the_first_message_sees_it(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_identity_secrets=SECRETS) as stage:
        phone = await stage.open(identity=identity("customer-1"))
        await stage.talking("from the laptop", identity=identity("customer-1"))
        assert await phone.lines(1) == ["from the laptop"]


# hard-case 37, 38
async def test_after_a_log_out_or_a_change_of_account_nothing_of_the_former_one_is_seen(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_identity_secrets=SECRETS) as stage:
        first, _ = await stage.talking("private", identity=identity("customer-1"))
        logged_out = await stage.open(first.token)
        assert "contact" not in logged_out.welcome
        other = await stage.open(first.token, identity=identity("customer-2"))
        assert "contact" not in other.welcome
        await other.say("hello")
        await stage.desk.decide()
        assert await other.lines(1) == ["hello"]
        addresses = [message.sender.address for message in await stage.desk.inbound()]
        assert addresses == ["support:customer-1", "support:customer-2"]


# hard-case 37
async def test_a_mail_address_that_a_visitor_claims_makes_them_nobody_else(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.open()
        answer = await window.say("It is me", name="Customer One", reply_to="one@customer.example")
        assert answer["type"] == "ack"
        (message,) = await stage.desk.inbound()
        assert message.sender.channel == "chat"
        assert message.sender.address == window.token.split(".")[1]
        assert (message.sender.status, message.sender.evidence) == (IdentityStatus.CLAIMED, ())
        assert [(one.address, one.role) for one in message.recipients] == [("one@customer.example", "reply_to")]
        assert message.native == {"reply_to": "one@customer.example", "reply_to_status": "claimed"}
        assert [key.kind for key in message.thread] == ["visitor"]
        assert (await window.say("Still me", reply_to="no address"))["code"] == "conflict"
