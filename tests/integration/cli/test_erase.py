"""`frontline erase`: what an operator asks for stands in the journal, for the leaders of the desks."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from frontline.contract.channel import Inbox
from frontline.contract.codec import encode
from frontline.contract.erasure import Erasure, Name, name_of
from frontline.contract.ids import ChannelName, CustomerId, DeskId, InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.journal import Journal
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import DIRECTORY, ERASED
from tests.integration.cli.command import frontline

AT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ANN = Name(DeskId("support"), "customer", "u1")


async def desks(bus: Bus, *names: str) -> None:
    for name in names:
        inbox = Inbox(
            channel=ChannelName("email"), inbox=InboxId(name), desk=DeskId(name), address=f"{name}@one.example"
        )
        await KeyValue(bus, DIRECTORY).put(f"email.{name}", msgspec.json.encode(inbox))


async def test_a_customer_is_asked_to_be_erased_at_every_desk_and_once(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    environ = {"FRONTLINE_NATS_URL": nats.url}
    assert frontline("erase", "customer", "u1", cwd=tmp_path, environ=environ).returncode == 1
    await desks(provisioned, "support", "sales")
    for _ in range(2):
        told = frontline("erase", "customer", "u1", cwd=tmp_path, environ=environ)
        assert (told.returncode, told.stdout.splitlines()[0].partition(";")[0]) == (0, "Asked of sales, support")
    noted = await Journal(provisioned).all()
    assert sorted(str(each.name) for each in noted) == ["sales.customer.u1", "support.customer.u1"]
    assert all(each.erasure.passes == 0 for each in noted)
    assert frontline("erase", "contact", "a b", cwd=tmp_path, environ=environ).returncode == 2


async def test_the_list_says_how_far_each_erasure_is(nats: EmbeddedServer, provisioned: Bus, tmp_path: Path) -> None:
    environ = {"FRONTLINE_NATS_URL": nats.url}
    assert frontline("erase", "list", cwd=tmp_path, environ=environ).stdout == "Nobody has been erased.\n"
    for id_, stands in {
        "u1": Erasure(at=AT),
        "u2": Erasure(at=AT, passes=1, looked=AT),
        "u3": Erasure(at=AT, passes=2, looked=AT, waits={"OUTBOX": 7}),
        "u4": Erasure(at=AT, passes=2, looked=AT, done=AT),
    }.items():
        await KeyValue(provisioned, ERASED).put(f"support.customer.{id_}", encode(stands))
    told = frontline("erase", "list", cwd=tmp_path, environ=environ).stdout.splitlines()[1:]
    assert [line.split("Z", 1)[1].strip() for line in told] == [
        "asked for",
        "erased; to be gone through again",
        "waits for OUTBOX",
        "done",
    ]


async def test_a_journal_that_was_kept_is_applied_after_a_restore(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    environ = {"FRONTLINE_NATS_URL": nats.url}
    journal = Journal(provisioned)
    await journal.ask_for(ANN, AT, successor=CustomerId("u9"))
    [noted] = await journal.all()
    await journal.note(noted, msgspec.structs.replace(noted.erasure, passes=2, looked=AT, done=AT))
    kept = frontline("erase", "journal", cwd=tmp_path, environ=environ).stdout
    assert kept == "support.customer.u1 u9\n"
    (tmp_path / "erased.txt").write_text(kept + "support.contact.c7\n")
    told = frontline("erase", "again", "erased.txt", cwd=tmp_path, environ=environ)
    assert (told.returncode, told.stdout.partition(" ")[0]) == (0, "2"), told.stderr
    stands = {str(each.name): each.erasure for each in await journal.all()}
    assert stands["support.customer.u1"] == Erasure(at=AT, successor=CustomerId("u9"))
    assert stands["support.contact.c7"].passes == 0
    (tmp_path / "other.txt").write_text("support.customer.u1\n\nnot a line of it\n")
    wrong = frontline("erase", "again", "other.txt", cwd=tmp_path, environ=environ)
    assert (wrong.returncode, wrong.stderr) == (2, "other.txt:3: is no line of a journal\n")


def test_a_key_of_the_journal_is_read_as_it_was_written() -> None:
    assert name_of(str(ANN)) == ANN
    for key in ("", "support", "support.person.u1", "support.customer.", "support.customer.a b", "support.customer.>"):
        assert name_of(key) is None
