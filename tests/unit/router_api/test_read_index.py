"""The index in its file: what it takes in, what it answers, and when it starts anew."""

import asyncio
import sqlite3
import tempfile
from pathlib import Path

import hypothesis
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.error import SettingsError, Unavailable
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId
from frontline.contract.message import DeliveryState
from frontline.contract.transcript import Direction
from frontline.runtime.reader import Stored
from router.api.shape import Contacts
from router.index.read_index import ReadIndex
from router.index.search import ContactQuery
from router.index.shape import Contact, EncodedContact
from router.index.writing import PEOPLE, TRANSCRIPT, Position
from tests.unit.router_api.feeding import SUPPORT, Feed, index_in, person, receipt, said
from tests.unit.router_core.driver import NOON, Desk, settings


def shown(contact: EncodedContact | None) -> Contact:
    assert contact is not None
    return msgspec.json.decode(msgspec.json.encode(contact), type=Contact)


async def found(index: ReadIndex, **asked: object) -> list[str]:
    page = await index.contacts(msgspec.convert({"desk": SUPPORT, **asked}, ContactQuery))
    return [contact.id for contact in page.contacts]


async def delivery(index: ReadIndex, reply: str) -> DeliveryState | None:
    [spoken] = [spoken for spoken in index.read.transcript(ContactId("c1"), 0, 100) if spoken.item.id == reply]
    return spoken.delivery


async def test_a_contact_is_given_out_in_the_shape_that_others_build_on(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.say(said("m1", contact=contact, subject="Printer on fire"))
        await feed.meet(person("ann", "Ann", "ann@one.example"))
        view = shown(index.read.contact(SUPPORT, contact))
    assert (view.id, view.desk, view.state, view.subject) == (contact, SUPPORT, "assigned", "Printer on fire")
    assert (view.customer.name, view.customer.identities[0].address) == ("Ann", "ann@one.example")
    assert view.assignment is not None
    assert (view.assignment.agent, view.clocks[0].target, view.why[0].rule) == ("a", "first_response", "longest_idle")
    assert (view.wait, view.offer, view.language) == (None, None, None)


def test_what_is_given_out_has_the_fields_that_are_documented() -> None:
    documented = [field.name for field in msgspec.structs.fields(Contact)]
    assert [field.name for field in msgspec.structs.fields(EncodedContact)] == documented
    assert [field.name for field in msgspec.structs.fields(Contacts)] == ["items", "next"]


async def test_a_customer_whom_the_index_does_not_know_yet_is_an_id(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        await Feed(index, desk).log()
        view = shown(index.read.contact(SUPPORT, contact))
    assert (view.customer.id, view.customer.name, view.customer.identities) == ("ann", "", ())


async def test_the_same_commits_again_change_nothing(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        desk.resolve(contact)
        await feed.log()
        await index.take_log(SUPPORT, feed.counted()[:2], Position(2, 1, 2))
        assert shown(index.read.contact(SUPPORT, contact)).state == "resolved"
        assert index.log_position(SUPPORT) == Position(feed.seq, 1, desk.index)


async def test_the_same_item_again_is_shown_once(tmp_path: Path) -> None:
    with index_in(tmp_path) as index:
        feed = Feed(index, Desk(settings("a")))
        await feed.say(said("m1", "first"), said("m2"), said("m1", "first"))
        assert [spoken.item.id for spoken in index.read.transcript(ContactId("c1"), 0, 9)] == ["m1", "m2"]


async def test_an_original_that_was_parsed_again_is_shown_and_found_by_its_new_words(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.say(said("m1", "garbled", subject="=?x?", contact=contact), said("m2", contact=contact))
        await feed.say(said("m1", "printer", subject="Fire", contact=contact, revision=2))
        await feed.say(said("m1", "older", contact=contact, revision=1))
        items = index.read.transcript(contact, 0, 9)
        assert [(spoken.item.id, spoken.item.text) for spoken in items] == [("m1", "printer"), ("m2", "Hello")]
        assert shown(index.read.contact(SUPPORT, contact)).subject == "Fire"
        assert await found(index, words="printer") == [contact]
        assert await found(index, words="garbled") == []


async def test_the_receipt_that_says_most_says_what_became_of_a_reply_in_whichever_order_they_come(
    tmp_path: Path,
) -> None:
    with index_in(tmp_path) as index:
        feed = Feed(index, Desk(settings("a")))
        await feed.say(said("r1", direction=Direction.OUT))
        assert await delivery(index, "r1") is None
        await feed.say(receipt("d1", "r1", DeliveryState.DELIVERED, minutes=2))
        await feed.say(receipt("d2", "r1", DeliveryState.SENT, minutes=1))
        assert await delivery(index, "r1") is DeliveryState.DELIVERED
        await feed.say(receipt("d3", "r1", DeliveryState.READ, minutes=4))
        await feed.say(receipt("d4", "r1", DeliveryState.DELIVERED, minutes=5))
        assert await delivery(index, "r1") is DeliveryState.READ
        await feed.say(receipt("d5", "r1", DeliveryState.FAILED, minutes=3))
        await feed.say(receipt("d6", "r1", DeliveryState.READ, minutes=6))
        assert await delivery(index, "r1") is DeliveryState.FAILED


async def test_a_receipt_that_comes_before_its_reply_counts(tmp_path: Path) -> None:
    with index_in(tmp_path) as index:
        feed = Feed(index, Desk(settings("a")))
        await feed.say(receipt("d1", "r1", DeliveryState.SENT, minutes=1))
        await feed.say(said("r1", direction=Direction.OUT))
        assert await delivery(index, "r1") is DeliveryState.SENT


async def test_contacts_are_found_by_every_filter_and_by_words_names_addresses_and_ids(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    first = desk.opens("ann")
    second = desk.opens("bob")
    desk.resolve(first)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.say(said("m1", "The printer burns", contact=first), said("m2", "Größe 42", contact=second))
        await feed.meet(person("bob", "Bob Builder", "bob@two.example"))
        assert await found(index) == [second, first]
        assert await found(index, states=["resolved"]) == [first]
        assert await found(index, states=["resolved", "assigned"]) == [second, first]
        assert await found(index, agent="a") == [second, first]
        assert await found(index, agent="b") == []
        assert await found(index, customer="bob") == [second]
        assert await found(index, channel="chat") == []
        assert await found(index, lane="normal", channel="email") == [second, first]
        assert await found(index, words="printer bur") == [first]
        assert await found(index, words="GROß") == [second]
        assert await found(index, words="builder") == [second]
        assert await found(index, words="two.example") == [second]
        assert await found(index, words=first) == [first]
        assert await found(index, words="printer", states=["assigned"]) == []
        assert await found(index, words="?!") == []


async def test_a_person_who_was_erased_is_not_found_any_more(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("bob")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.meet(person("bob", "Bob", "bob@one.example"))
        await feed.meet(person("bob", "Robert", "bob@two.example"))
        assert (await found(index, words="robert"), await found(index, words="one")) == ([contact], [])
        await feed.meet("bob")
        assert await found(index, words="robert") == []
        assert shown(index.read.contact(SUPPORT, contact)).customer.name == ""


async def test_desks_do_not_see_each_other(tmp_path: Path) -> None:
    here, there = Desk(settings("a")), Desk(settings("b"))
    mine, theirs = here.opens("ann"), there.opens("bob", key="elsewhere")
    sales = DeskId("sales")
    with index_in(tmp_path) as index:
        await Feed(index, here).log()
        await Feed(index, there, sales).log()
        assert await found(index) == [mine]
        assert await found(index, desk=sales) == [theirs]
        assert index.read.contact(SUPPORT, theirs) is None
        assert set(index.read.agents(SUPPORT)) == {"a"}


async def test_what_can_not_be_read_is_passed_over_and_counted(tmp_path: Path) -> None:
    with index_in(tmp_path) as index:
        junk = Stored(1, "transcript.c1.pub", b"{", {}, NOON)
        feed = Feed(index, Desk(settings("a")))
        feed.stored(said("m0"))
        await index.take_items([junk, feed.stored(said("m1"))])
        await index.take_people([Stored(1, "$KV.CUSTOMERS.person.x", b"[]", {}, NOON)])
        assert [spoken.item.id for spoken in index.read.transcript(ContactId("c1"), 0, 9)] == ["m1"]
        assert index.position(PEOPLE).seq == 1
        failures = index._metrics.failures.labels("router", "read_index")
        assert failures._value.get() == 2


async def test_it_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.log()
        await feed.say(said("m1", contact=contact))
        await feed.meet(person("ann", "Ann"))
    with index_in(tmp_path) as index:
        assert index.log_position(SUPPORT) == Position(feed.seq, 1, desk.index)
        assert [index.position(stream).seq for stream in (TRANSCRIPT, PEOPLE)] == [1, 1]
        assert shown(index.read.contact(SUPPORT, contact)).customer.name == "Ann"
        desk.resolve(contact)
        await Feed(index, desk).log()
        assert shown(index.read.contact(SUPPORT, contact)).state == "resolved"


@pytest.mark.parametrize("harm", ["format", "streams", "bytes", "empty"])
async def test_a_file_of_another_format_or_of_other_streams_or_damaged_is_built_again(
    tmp_path: Path, harm: str
) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        await Feed(index, desk).log()
    path = tmp_path / "read-index.sqlite3"
    match harm:
        case "format":
            connection = sqlite3.connect(path)
            connection.execute("UPDATE origin SET format = format + 1")
            connection.commit()
            connection.close()
        case "bytes":
            path.write_bytes(b"not a database, " * 4096)
        case "empty":
            path.write_bytes(b"")
    with index_in(tmp_path, origin="others" if harm == "streams" else "streams") as index:
        assert index.log_position(SUPPORT) == Position()
        assert await found(index) == []
        await Feed(index, desk).log()
        assert await found(index) == [contact]


async def test_a_directory_belongs_to_one_process(tmp_path: Path) -> None:
    with index_in(tmp_path), pytest.raises(SettingsError, match="another process"), index_in(tmp_path):
        pass


async def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    with index_in(tmp_path / "index"):
        assert (tmp_path / "index").stat().st_mode & 0o077 == 0
        assert (tmp_path / "index" / "read-index.sqlite3").stat().st_mode & 0o077 == 0


async def test_a_reader_waits_until_the_position_is_there_and_no_longer(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        waiting = asyncio.create_task(index.wait_for(SUPPORT, 2, 30))
        await feed.log()
        assert not waiting.done()
        desk.opens("ann")
        await feed.log()
        await waiting
        await index.wait_for(SUPPORT, 2, 0)


async def test_a_reader_who_waits_in_vain_is_told_to_come_again(tmp_path: Path) -> None:
    with index_in(tmp_path) as index:
        with pytest.raises(Unavailable) as caught:
            await index.wait_for(SUPPORT, 99, 0.01)
        assert caught.value.retry_after > 0
        assert not index._waiting._waiters


async def test_what_lies_behind_the_last_commit_is_seen_as_well(tmp_path: Path) -> None:
    # An epoch record, or a commit that does not count, has a sequence that a write may answer with.
    desk = Desk(settings("a"))
    with index_in(tmp_path) as index:
        await Feed(index, desk).log()
        await index.take_log(SUPPORT, [], Position(7, 7, 0))
        await index.wait_for(SUPPORT, 7, 0)


async def test_who_reads_their_own_reply_waits_for_its_words(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    reply = desk.reply(contact)
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        await feed.say(said(desk.log[1].events[1].message, contact=contact))  # type: ignore[union-attr]
        await feed.log()
        await index.wait_for_words(contact, feed.seq - 1, 0)
        waiting = asyncio.create_task(index.wait_for_words(contact, feed.seq, 30))
        await asyncio.sleep(0)
        assert not waiting.done()
        await feed.say(said(reply, contact=contact, direction=Direction.OUT))
        await waiting


async def test_words_that_are_long_overdue_keep_nobody_waiting(tmp_path: Path) -> None:
    # An index that is built again after the words were erased.
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path, now=NOON.replace(hour=13)) as index:
        feed = Feed(index, desk)
        await feed.log()
        await index.wait_for_words(contact, feed.seq, 0)


async def test_a_transaction_that_fails_leaves_the_place_where_it_was(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    with index_in(tmp_path) as index:
        feed = Feed(index, desk)
        blocker = sqlite3.connect(tmp_path / "read-index.sqlite3", isolation_level=None)
        blocker.execute("CREATE TRIGGER no BEFORE INSERT ON contact BEGIN SELECT RAISE(ABORT, 'no room'); END")
        with pytest.raises(sqlite3.IntegrityError):
            await feed.log()
        assert index.log_position(SUPPORT) == Position()
        blocker.execute("DROP TRIGGER no")
        blocker.close()
        await feed.log()
        assert await found(index) == [contact]


async def test_searches_and_reads_go_on_while_the_index_is_written(tmp_path: Path) -> None:
    desk = Desk(settings("a"))
    desk.opens("ann")
    with index_in(tmp_path) as index:
        await Feed(index, desk).log()
        other = sqlite3.connect(tmp_path / "read-index.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM contact")
        assert len(await found(index)) == 1
        assert len(await found(index, customer="ann")) == 1
        other.execute("ROLLBACK")
        other.close()


@hypothesis.settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 5)), min_size=1, max_size=12), st.integers(0, 30))
def test_pages_never_skip_or_repeat_while_contacts_come_in(steps: list[tuple[int, int]], before: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_pages(Path(directory), steps, before))


async def _pages(directory: Path, steps: list[tuple[int, int]], before: int) -> None:
    """Page through while `steps` open so many contacts between pages of such a size."""
    desk = Desk(settings("a"))
    there = [desk.opens("ann") for _ in range(before)]
    with index_in(directory) as index:
        feed = Feed(index, desk)
        await feed.log()
        seen: list[str] = []
        cursor = None
        for opened, size in [*steps, *[(1, 5)] * (before // 5 + 1)]:
            page = await index.contacts(ContactQuery(desk=SUPPORT, before=cursor, limit=size))
            seen += [contact.id for contact in page.contacts]
            for _ in range(opened):
                desk.opens("bob")
            if there:
                desk.resolve(there[0])
                desk.reopen(there[0])
            await feed.log()
            if page.next is None:
                break
            cursor = page.next
        else:
            pytest.fail("there is no last page")
        assert seen == list(reversed(there))


async def test_an_agent_and_a_channel_are_only_compared(tmp_path: Path) -> None:
    with index_in(tmp_path) as index:
        query = ContactQuery(
            desk=SUPPORT,
            agent=AgentId("' OR 1=1 --"),
            channel=ChannelName("x'; DROP TABLE contact; --"),
            customer=CustomerId("%"),
        )
        assert (await index.contacts(query)).contacts == []
