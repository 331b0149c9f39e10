"""What is not taken is refused so that its sender knows what to do; nothing is half taken."""

import smtplib
import traceback
from typing import Any, cast

import pytest

from frontline.contract.channel import Receive
from frontline.contract.error import Reason, Rejected, SettingsError, Unavailable
from frontline.contract.ids import InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DIRECTORY, MIB, Limits, provision, topology
from frontline.testing.nats_server import SMALL
from intake_email import taking
from tests.integration.intake_email.stage import (
    ADDRESSES,
    SALES,
    SUPPORT,
    announce,
    mail,
    receiving,
    session,
    until,
    with_file,
)

EHLO = b"EHLO client.example\r\n"
FROM = b"MAIL FROM:<one@customer.example>\r\n"
TO = b"RCPT TO:<support@frontline.example>\r\n"


async def refused(stage: Any, raw: bytes, *to: str) -> tuple[int, str]:
    """Code and words of the refusal, whichever command got it."""
    with pytest.raises(smtplib.SMTPException) as told:
        await stage.send(raw, *to)
    error = told.value
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, words),) = error.recipients.values()
    else:
        assert isinstance(error, smtplib.SMTPResponseException)
        code, words = error.smtp_code, cast("bytes", error.smtp_error)
    return code, words.decode()


@pytest.mark.parametrize(
    "address",
    [
        "nobody@frontline.example",
        "support@elsewhere.example",
        "support",
        "+x@frontline.example",
    ],
)
async def test_only_our_own_inboxes_are_delivered_to(address: str, nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        assert await refused(stage, mail(), address) == (550, "5.1.1 nobody here has this address")
        assert await stage.stored() == []
        await until(lambda: stage.figure("frontline_email_smtp_refusals_total", code="550") == 1)


async def test_good_recipients_are_served_beside_bad_ones(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail(), ADDRESSES[SUPPORT], "nobody@frontline.example")
        await stage.one()


async def test_before_the_directory_is_loaded_senders_are_asked_to_come_again(nats: EmbeddedServer, bus: Bus) -> None:
    async with receiving(nats, bus, announced=False) as stage:
        answers = await stage.talk(EHLO, FROM, TO)
        assert answers[-1].startswith("451 4.3.0")
        await provision(bus.nc.jetstream(), topology(["email"], ["support"], SMALL))  # type: ignore[list-item]
        await announce(bus)
        await until(lambda: not stage.service.health.unready())
        await stage.send(mail())
        await stage.one()


async def test_a_mail_that_says_that_it_is_too_large_is_refused_before_it_is_sent(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned, smtp_max_size=10_000) as stage:
        answers = await stage.talk(EHLO, b"MAIL FROM:<one@customer.example> SIZE=10001\r\n")
    assert "SIZE 10000" in answers[1]
    assert answers[-1].startswith("552")


async def test_a_mail_that_is_too_large_is_refused_without_being_held(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_max_size=10_000, smtp_max_in_hand=10_000) as stage:
        answers = await stage.talk(EHLO, FROM, TO, b"DATA\r\n", mail("x" * 70 + "\r\n") * 3000 + b".\r\n", FROM, TO)
        assert answers[5].startswith("552 5.3.4")
        assert answers[6].startswith("250")
        await stage.send(mail())
        await stage.one()


async def test_with_too_much_in_hand_senders_are_asked_to_come_again(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with (
        receiving(nats, provisioned, smtp_max_size=10_000, smtp_max_in_hand=10_000) as stage,
        session(stage.port, EHLO, FROM, TO, b"DATA\r\n") as (reader, writer),
    ):
        writer.write(b"x" * 9_000)
        await writer.drain()
        answer = ""
        while not answer.startswith("452 4.3.1"):
            answer = (await stage.talk(EHLO, FROM, TO, b"DATA\r\n", mail("x" * 3_000 + "\r\n") + b".\r\n"))[-1]
        writer.write(b"\r\n.\r\n")
        assert (await reader.readline()).startswith(b"250")
        await stage.send(mail("x" * 3_000 + "\r\n"))


async def test_more_recipients_than_are_allowed_come_in_another_transaction(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned, smtp_max_recipients=2) as stage:
        answers = await stage.talk(EHLO, FROM, TO, TO, TO, b"DATA\r\n", mail() + b".\r\n")
        assert [answer[:9] for answer in answers[3:6]] == ["250 2.1.5", "250 2.1.5", "452 4.5.3"]
        assert answers[-1].startswith("250")


async def test_more_sessions_than_are_allowed_are_asked_to_come_again(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_max_sessions=2) as stage:
        async with session(stage.port), session(stage.port):
            assert (await stage.talk())[0].startswith("421 4.7.0")
        greeting = ""
        while not greeting.startswith("220"):
            greeting = (await stage.talk())[0]


async def test_commands_out_of_order_are_refused(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        answers = await stage.talk(
            FROM, EHLO, TO, b"DATA\r\n", FROM, b"DATA\r\n", TO, b"DATA x\r\n", b"BOGUS\r\n", b"RSET\r\n", b"DATA\r\n"
        )
    assert [answer[:3] for answer in answers[1:]] == [
        "503",
        "250",
        "503",
        "503",
        "250",
        "503",
        "250",
        "501",
        "500",
        "250",
        "503",
    ]


async def test_a_second_mail_can_not_be_smuggled_in_the_first(nats: EmbeddedServer, provisioned: Bus) -> None:
    hidden = b"MAIL FROM:<two@customer.example>\r\nRCPT TO:<support@frontline.example>\r\nDATA\r\nSubject: hidden\r\n\r\nx\r\n"
    async with receiving(nats, provisioned) as stage:
        for number, end in enumerate((b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n")):
            raw = mail(Message_ID=f"<{number}@customer.example>") + b"first" + end + hidden
            answers = await stage.talk(EHLO, FROM, TO, b"DATA\r\n", raw + b"\r\n.\r\n")
            assert answers[-1].startswith("250")
        found = await stage.stored()
    assert len(found) == 5
    assert {each.subject for each in found} == {"It does not work"}


async def test_with_the_bus_gone_451_and_afterwards_250_without_a_restart(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with receiving(nats, provisioned) as stage:
        await nats.kill()
        await until(lambda: not stage.service.bus.connected)
        assert (await refused(stage, mail()))[0] == 451
        await nats.start()
        await until(lambda: stage.service.bus.connected and provisioned.connected)
        await stage.send(mail())
        await stage.one()


@pytest.mark.parametrize("full", ["inbox_bytes", "object_bytes"])
async def test_with_a_store_full_452(full: str, nats: EmbeddedServer, bus: Bus) -> None:
    limits = Limits(**{"inbox_bytes": MIB, "log_bytes": MIB, "outbox_bytes": MIB, "object_bytes": MIB, full: 1000})
    await provision(bus.nc.jetstream(), topology(["email"], ["support"], limits))  # type: ignore[list-item]
    async with receiving(nats, bus) as stage:
        code, words = await refused(stage, with_file(b"x" * 3000).replace(b"\n", b"\r\n"))
        assert code == 452
        assert words.startswith("4.3.1")
        assert await stage.stored() == []


class Half:
    """A `Receive` that lets some messages through and fails for others."""

    def __init__(self, receive: Receive, failures: dict[InboxId, Exception]) -> None:
        self._receive = receive
        self._failures = failures

    async def __call__(self, message: Any) -> None:
        failure = self._failures.pop(message.inbox, None)
        if failure is not None:
            raise failure
        await self._receive(message)


@pytest.mark.parametrize(
    "failure,code",
    [(Unavailable("later"), 451), (Unavailable("full", full=True), 452), (RuntimeError("secret detail"), 451)],
)
async def test_when_one_of_two_inboxes_fails_the_whole_comes_again_and_each_has_it_once(
    failure: Exception, code: int, nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = {SALES: failure}
    each = taking.Taking.each

    async def halved(self: taking.Taking, raw: bytes, way: taking.Way, receive: Receive) -> Any:
        return await each(self, raw, way, Half(receive, failures))

    monkeypatch.setattr(taking.Taking, "each", halved)
    async with receiving(nats, provisioned, smtp_full_pause=0.001) as stage:
        both = (ADDRESSES[SUPPORT], ADDRESSES[SALES])
        found, words = await refused(stage, mail(), *both)
        assert found == code
        assert "secret" not in words
        assert [each.inbox for each in await stage.stored()] == [SUPPORT]
        await stage.send(mail(), *both)
        assert sorted(each.inbox for each in await stage.stored()) == [SALES, SUPPORT]


async def test_what_can_never_be_taken_is_refused_for_good(
    nats: EmbeddedServer, provisioned: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any, **__: Any) -> None:
        raise Rejected("larger than the stream\r\ntakes", Reason.TOO_LARGE)

    monkeypatch.setattr(taking.Taking, "each", never)
    async with receiving(nats, provisioned) as stage:
        assert await refused(stage, mail()) == (552, "5.3.4 larger than the stream  takes")


async def test_an_inbox_that_has_gone_meanwhile_is_refused(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await KeyValue(provisioned, DIRECTORY).put("email.support", b"")
        await until(lambda: _unknown(stage))
        assert (await refused(stage, mail()))[0] == 550


def _unknown(stage: Any) -> bool:
    return stage.channel._host.inboxes.by_id(SUPPORT) is None


async def test_a_port_that_is_taken_is_the_operators_to_mend(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        with pytest.raises(BaseExceptionGroup) as told:
            async with receiving(nats, provisioned, smtp_port=stage.port, announced=False):
                pass
    found = told.value.subgroup(SettingsError)
    assert found is not None
    assert f"127.0.0.1:{stage.port}" in "".join(traceback.format_exception(found))


async def test_a_client_that_says_nothing_is_let_go(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned, smtp_idle_timeout=0.05) as stage, session(stage.port) as (reader, _):
        assert await reader.read() == b"421 4.4.2 nothing came for too long\r\n"
        assert stage.figure("frontline_email_sessions_ended_total", why="timeout") == 1


@pytest.mark.parametrize("limit", ["smtp_data_timeout", "smtp_data_pause"])
async def test_a_client_that_never_ends_its_mail_is_let_go_and_nothing_is_stored(
    limit: str, nats: EmbeddedServer, provisioned: Bus
) -> None:
    async with (
        receiving(nats, provisioned, **cast("Any", {limit: 0.05})) as stage,
        session(stage.port, EHLO, FROM, TO, b"DATA\r\n") as (reader, writer),
    ):
        writer.write(b"Subject: never ends\r\n")
        assert await reader.read() == b"421 4.4.2 nothing came for too long\r\n"
        assert await stage.stored() == []
