"""`frontline mail reconcile`, as it is typed."""

from pathlib import Path
from typing import Any

from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_email.daemons import needs
from tests.integration.intake_email.dovecot import dovecot
from tests.integration.intake_email.reading import compared, numbered, reading
from tests.integration.intake_email.test_imap_killed import reconcile, settings
from tests.integration.runtime.stage import SECRET

pytestmark = needs("dovecot", "dovecot-imapd")


async def test_what_is_missing_is_listed_and_taken_in(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> None:
    async with dovecot() as box:
        box.lay([numbered(1), numbered(2)])
        async with reading(nats, provisioned, box) as stage:
            await compared(stage, 2)
            box.append(numbered(3))
            await compared(stage, 3)
        # Somebody lost what was noted of the first two, and the third came while nobody read.
        await provisioned.nc.jetstream().purge_stream("KV_CHECKPOINTS")
        given: dict[str, Any] = {"nats_url": nats.url, "settings": str(settings(tmp_path, box)), "secret": SECRET}
        listed = "support-box INBOX: 3 there, 0 taken in, 3 missing\n  UID 1\n  UID 2\n  UID 3\n"
        assert await reconcile(tmp_path, given) == (1, listed)
        done = (0, "support-box INBOX: 3 there, 3 taken in, 0 missing\n")
        assert await reconcile(tmp_path, given, "--mailbox", "support-box", "--take") == done
        assert await reconcile(tmp_path, given) == done
        assert sorted(each.subject for each in await stage.stored()) == ["Number 1", "Number 2", "Number 3"]
        assert await reconcile(tmp_path, given, "--mailbox", "another") == (1, "")
