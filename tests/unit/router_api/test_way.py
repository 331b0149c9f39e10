"""Which way a customer is answered who is not where they wrote from."""

import msgspec
import pytest

from frontline.contract.ids import ChannelName
from frontline.contract.message import Recipient
from router.index.reading import Said
from router.index.row import ContactRow
from tests.unit.router_api.test_compose import CHAT, EMAIL, PHONE, addresses, contact, heard, letter

LEFT = msgspec.structs.replace(contact(CHAT), presence="left")


def visitor(n: int, leaves: str = "ann@one.example", *, customer: str = "ann", channel: ChannelName = CHAT) -> Said:
    said = heard(n, "a" + "1" * 32, customer=customer, channel=channel, inbox="site")
    recipients = (Recipient(address=leaves, role="reply_to"),) if leaves else ()
    return Said(said.seq, msgspec.structs.replace(said.item, recipients=recipients), None)


def test_a_visitor_who_has_left_and_left_an_address_is_answered_by_mail() -> None:
    found = letter(visitor(1), visitor(2, ""), row=LEFT)
    assert (found.channel, addresses(found)) == (EMAIL, ["ann@one.example"])
    assert found.thread == (), "a mail that answers no mail refers to none"


@pytest.mark.parametrize("row", [contact(CHAT), msgspec.structs.replace(contact(CHAT), presence="live")])
def test_a_visitor_who_has_not_left_is_answered_in_the_chat(row: ContactRow) -> None:
    assert letter(visitor(1), row=row).channel == CHAT


def test_a_visitor_who_left_no_address_is_answered_in_the_chat() -> None:
    assert letter(visitor(1, ""), row=LEFT).channel == CHAT
    assert letter(visitor(1, "not an address"), row=LEFT).channel == CHAT


def test_an_address_that_somebody_else_left_is_not_theirs() -> None:
    assert letter(visitor(1, ""), visitor(2, "bob@evil.example", customer="bob"), row=LEFT).channel == CHAT


def test_the_reply_to_of_a_mail_is_no_address_that_somebody_left() -> None:
    mail = heard(1)  # names elsewhere@evil.example as its Reply-To
    assert addresses(letter(mail, row=msgspec.structs.replace(contact(), presence="left"))) == ["ann@one.example"]
    assert addresses(letter(mail, row=LEFT, channel="email")) == ["ann@one.example"]


def test_an_agent_who_names_mail_writes_to_the_address_that_was_left() -> None:
    assert addresses(letter(visitor(1), row=contact(CHAT), channel="email")) == ["ann@one.example"]


def test_once_they_answer_by_mail_the_mail_goes_on_there() -> None:
    found = letter(visitor(1), heard(2, "ann@two.example", customer="ann by mail"), row=LEFT)
    assert (found.channel, addresses(found)) == (EMAIL, ["ann@two.example"])


def test_a_missed_call_is_answered_by_text_unless_mail_is_named() -> None:
    call = visitor(1, "", channel=PHONE)
    row = msgspec.structs.replace(contact(PHONE), presence="left")
    assert letter(call, row=row).channel == PHONE
    named = letter(call, row=row, channel="email", to="ann@one.example")
    assert (named.channel, addresses(named)) == (EMAIL, ["ann@one.example"])
