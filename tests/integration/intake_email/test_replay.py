"""A kept original can be read again and is the same message."""

from pathlib import Path

import pytest

from frontline.contract.error import Rejected, Unavailable
from frontline.contract.message import ObjectRef
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_email.stage import ADDRESSES, SALES, mail, receiving, with_file


@pytest.mark.parametrize("raw", [mail(), mail(Message_ID=None), with_file(b"x" * 200_000).replace(b"\n", b"\r\n")])
async def test_an_original_read_again_is_the_same_message(raw: bytes, nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(raw, ADDRESSES[SALES], sender="")
        first = await stage.one()
        assert first.original is not None
        again = await stage.channel.parse_again(first.original, first.native)
        assert again == first
        for number in range(1, len(again.attachments) + 1):
            assert await stage.octets(again, number)


async def test_an_original_that_is_gone_can_not_be_read_now(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with receiving(nats, provisioned, mailbox_dir=tmp_path) as stage:
        await stage.send(mail())
        first = await stage.one()
        with pytest.raises(Unavailable):
            await stage.channel.parse_again(
                ObjectRef(bucket="ORIGINALS", name="gone/0", size=1, sha256=""), first.native
            )


async def test_a_message_that_does_not_say_how_it_came_is_refused(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with receiving(nats, provisioned) as stage:
        await stage.send(mail())
        first = await stage.one()
        assert first.original is not None
        with pytest.raises(Rejected):
            await stage.channel.parse_again(first.original, {})
