"""Who may call the webhooks: whoever holds one of our tokens, by whatever way they come."""

import json
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from intake_phone.simulator.account import new_sid
from tests.integration.intake_phone.stage import OURS, THEIRS, answering

PUBLIC = "https://phone.frontline.example"
FORM = "application/x-www-form-urlencoded"


def form() -> dict[str, str]:
    return {"CallSid": new_sid("CA"), "From": THEIRS, "To": OURS, "CallStatus": "ringing"}


def signed(url: str, params: dict[str, str], token: str = "the new token") -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, params), "Content-Type": FORM}


@pytest.mark.parametrize(
    "token,expected", [("the new token", 200), ("the old token", 200), ("another token", 403), ("", 403)]
)
async def test_while_tokens_rotate_both_are_good_and_no_other(
    nats: EmbeddedServer, phone: Bus, token: str, expected: int
) -> None:
    """Hard case 43."""
    async with answering(nats, phone) as stage:
        url, params = stage.exchange.page("voice"), form()
        async with stage.exchange.session.post(url, data=params, headers=signed(url, params, token)) as response:
            assert response.status == expected
        assert len(await stage.stored()) == (expected == 200)


async def test_without_or_with_a_changed_signature_nothing_is_done(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone) as stage:
        url, params = stage.exchange.page("voice"), form()
        good = signed(url, params)
        attempts = [
            (url, params, {}),
            (url, params, {"X-Twilio-Signature": "é"}),
            (url, params, {"X-Twilio-Signature": "AAAA"}),
            (url, params | {"From": OURS}, good),
            (url + "?asked=1", params, good),
            (stage.exchange.page("voice/wait?inbox=support"), params, good),
        ]
        for target, data, headers in attempts:
            async with stage.exchange.session.post(target, data=data, headers=headers) as response:
                assert response.status == 403
        assert await stage.stored() == []
        assert stage.figure("frontline_phone_signatures_refused_total") == len(attempts)


@pytest.mark.parametrize("port", ["", ":443"])
async def test_behind_a_proxy_the_public_url_is_what_is_signed(nats: EmbeddedServer, phone: Bus, port: str) -> None:
    """Hard case 43: TLS ends before us; Twilio writes the port or leaves it out."""
    async with answering(nats, phone, phone_public_url=PUBLIC) as stage:
        params, path = form() | {"CallerName": "", "Blank": ""}, "/twilio/voice?asked=1&blank="
        headers = signed(PUBLIC + port + path, params)
        async with stage.exchange.session.post(stage.url + path, data=params, headers=headers) as response:
            assert response.status == 200
            assert f'waitUrl="{PUBLIC}/twilio/voice/wait' in await response.text()


@pytest.mark.parametrize("trusted,expected", [(("127.0.0.0/8",), 200), (("10.0.0.1",), 403), ((), 403)])
async def test_a_proxy_is_believed_only_if_it_is_ours(
    nats: EmbeddedServer, phone: Bus, trusted: tuple[str, ...], expected: int
) -> None:
    """Hard case 43."""
    async with answering(nats, phone, phone_trusted_proxies=trusted) as stage:
        params = form()
        headers = signed(f"{PUBLIC}:8443/twilio/voice", params) | {
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "phone.frontline.example",
            "X-Forwarded-Port": "8443",
        }
        async with stage.exchange.session.post(f"{stage.url}/twilio/voice", data=params, headers=headers) as response:
            assert response.status == expected


async def test_repeated_parameters_are_signed_once_each(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 43."""
    async with answering(nats, phone) as stage:
        url = stage.exchange.page("voice")
        pairs = [*form().items(), ("X", "b"), ("X", "a"), ("X", "b"), ("Empty", "")]

        class Several(dict[str, str]):
            def getlist(self, name: str) -> list[str]:
                return [value for key, value in pairs if key == name]

        headers = signed(url, Several(pairs))
        async with stage.exchange.session.post(url, data=urlencode(pairs), headers=headers) as response:
            assert response.status == 200


async def test_a_json_body_is_good_when_the_signed_url_names_its_hash(nats: EmbeddedServer, phone: Bus) -> None:
    """Hard case 43: `bodySHA256`."""
    async with answering(nats, phone) as stage:
        body = json.dumps({"any": "thing"}).encode()
        named = stage.exchange.page(f"voice/transcription?inbox=support&bodySHA256={sha256(body).hexdigest()}")
        bare = stage.exchange.page("voice/transcription?inbox=support")
        for url, data, refused in ((named, body, False), (named, b"{}", True), (bare, body, True)):
            headers = signed(url, {}) | {"Content-Type": "application/json"}
            async with stage.exchange.session.post(url, data=data, headers=headers) as response:
                assert (response.status == 403) == refused, (url, data)


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(nats: EmbeddedServer, phone: Bus) -> None:
    async with answering(nats, phone, phone_max_body=2048) as stage:
        status, _ = await stage.hook("voice", form() | {"Long": "x" * 4096})
        assert status == 413
        assert (await stage.hook("voice", form()))[0] == 200
