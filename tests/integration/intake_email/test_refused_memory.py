"""A mail that was refused is gone at once: nothing of it waits until garbage is looked for, which may be long."""

import gc
import smtplib
from collections.abc import Callable, Iterator

import pytest

from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.objects import Naming
from intake_email.incoming import Incoming
from intake_email.large import Large
from intake_email.normalize import Mail
from tests.integration.intake_email.stage import Stage, mail, receiving, session, until

SIZES = {"read at once": 3_000, "read in a thread": 100_000, "stored while it comes": 1_500_000}

LINES = (
    b"EHLO client.example\r\n",
    b"MAIL FROM:<one@customer.example>\r\n",
    b"RCPT TO:<support@frontline.example>\r\n",
)


Kept = Callable[[], set[str]]
"""What is there of the mails of this test, by its kind."""


@pytest.fixture
def kept() -> Iterator[Kept]:
    """No garbage is looked for meanwhile."""
    gc.collect()
    gc.disable()
    before = _present()  # held, so that none of what comes later is taken for it
    known = {id(each) for each in before}
    yield lambda: {type(each).__name__ for each in _present() if id(each) not in known}
    gc.enable()


def _present() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, (Mail, InboundMessage, Incoming, Large, Naming))]


async def _refused(stage: Stage, size: int) -> int:
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await stage.send(mail(("x" * 70 + "\r\n") * (size // 72)))
    return refused.value.smtp_code


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_a_mail_that_is_refused_while_nats_is_away_is_gone(
    nats: EmbeddedServer, provisioned: Bus, kept: Kept, size: int
) -> None:
    async with receiving(nats, provisioned) as stage:
        await nats.kill()
        await until(lambda: not stage.service.bus.connected)
        assert await _refused(stage, size) == 451
        await until(lambda: not kept())


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_a_mail_that_is_refused_while_nats_does_not_answer_is_gone(
    nats: EmbeddedServer, provisioned: Bus, kept: Kept, size: int
) -> None:
    async with receiving(nats, provisioned, ack_deadline=0.1) as stage:
        nats.pause()
        assert await _refused(stage, size) == 451
        nats.resume()
        await until(lambda: not kept())


@pytest.mark.parametrize("size", [100_000, 1_500_000])
async def test_a_mail_that_is_larger_than_it_said_and_may_be_is_gone(
    nats: EmbeddedServer, provisioned: Bus, kept: Kept, size: int
) -> None:
    async with (
        receiving(nats, provisioned, smtp_max_size=size // 2) as stage,
        session(stage.port, *LINES, b"DATA\r\n") as (reader, writer),
    ):
        writer.write(mail(("x" * 70 + "\r\n") * (size // 72)) + b".\r\n")
        assert (await reader.readline()).startswith(b"552 ")
        await until(lambda: not kept())
