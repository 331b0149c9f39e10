"""The intake is killed at random while it reads a mailbox, as a process, without warning: each mail is taken in once.

FRONTLINE_TEST_MAILS=20000 python -m pytest -n0 --timeout=3600 tests/integration/intake_email/test_imap_killed.py
"""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from frontline.contract.codec import decode_inbound
from frontline.contract.ids import ChannelName, DeskId
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.reader import read
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import SMALL
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import USER, Dovecot, dovecot, eventually
from tests.integration.intake_email.stage import announce, mail
from tests.integration.runtime.process import started
from tests.integration.runtime.stage import SECRET

pytestmark = needs("dovecot", "dovecot-imapd")

MAILS = int(os.environ.get("FRONTLINE_TEST_MAILS", "300"))
EMAIL = ("-m", "frontline", "channel", "run", "email")
KILLS = 5 if MAILS < 1000 else 40
PATIENCE = 100.0 + MAILS / 4


def settings(folder: Path, box: Dovecot) -> Path:
    file = folder / "settings.toml"
    file.write_text(
        f"""\
[channel.email]
smtp_port = 0
imap_retry = 0.2
imap_lease = 0.4

[[channel.email.imap_mailboxes]]
name = "support-box"
host = "127.0.0.1"
port = {box.port}
tls = "none"
user = "{USER}"
password_file = "{box.folder}/password"
inbox = "support"
"""
    )
    return file


async def stored(bus: Bus) -> int:
    info = await bus.nc.jetstream().stream_info("INBOX_email")
    return int(info.state.messages)


async def test_a_mailbox_is_taken_in_once_however_often_the_intake_is_killed(
    nats: EmbeddedServer, bus: Bus, tmp_path: Path
) -> None:
    await provision(bus.nc.jetstream(), topology([ChannelName("email")], [DeskId("support")], SMALL))
    await announce(bus)
    chance = random.Random(MAILS)
    async with dovecot() as box:
        # Some without a Message-ID: those are known by their content alone.
        box.lay(
            mail(f"Text {n}.\r\n" * 20, Message_ID=f"<n{n}@customer.example>" if n % 7 else None, Subject=f"No. {n}")
            for n in range(MAILS)
        )
        given: dict[str, Any] = {"nats_url": nats.url, "settings": str(settings(tmp_path, box)), "secret": SECRET}
        points = sorted(chance.randrange(MAILS) for _ in range(KILLS))
        for point in points:
            async with started(tmp_path / "intake", *EMAIL, **given) as intake:

                async def reached(point: int = point) -> bool:
                    return await stored(bus) >= point

                await eventually(reached, patience=PATIENCE)
                await asyncio.sleep(chance.random() * 0.05)  # at any instruction after that one
                intake.send(signal.SIGKILL)
                await intake.ended()
        async with started(tmp_path / "intake", *EMAIL, **given) as intake:
            await intake.listens()  # what is awaited below may be there already, and this one not hear a signal yet

            async def all_there() -> bool:
                return await stored(bus) >= MAILS

            async def all_seen() -> bool:
                flags = box.flags()
                return len(flags) == MAILS and all(b"\\Seen" in each for each in flags.values())

            await eventually(all_there, patience=PATIENCE)
            await eventually(all_seen, patience=PATIENCE)
            intake.send(signal.SIGTERM)
            assert await intake.ended() == 0
        subjects = Counter[str]()
        async for item in read(bus, "INBOX_email", "inbound.email.>"):
            message = decode_inbound(item.data)
            assert isinstance(message, InboundMessage)
            subjects[message.subject] += 1
        assert subjects == Counter(f"No. {n}" for n in range(MAILS))
        assert await reconcile(tmp_path, given) == (
            0,
            f"support-box INBOX: {MAILS} there, {MAILS} taken in, 0 missing\n",
        )


async def reconcile(folder: Path, given: dict[str, str], *words: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    environ = {f"FRONTLINE_{name.upper()}": value for name, value in given.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontline", "mail", "reconcile", *words,
        env={"PATH": os.environ["PATH"], **environ}, cwd=folder, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
