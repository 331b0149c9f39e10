"""From bytes to a message: what it says, what it is the same as, and that nothing is lost on the way."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from frontline.contract.channel import ATTACHMENTS, ORIGINALS
from frontline.contract.codec import encode, to_milliseconds
from frontline.contract.ids import InboxId
from frontline.contract.message import InboundMessage
from intake_email import normalize
from intake_email.content import LONGEST_HTML, LONGEST_TEXT, MOST_FILES
from intake_email.normalize import arrival_of
from tests.unit.intake_email.samples import FIXTURES, RECEIVED, arrival, fixture, message, plain, sign, taken

CASES = sorted(path.stem for path in FIXTURES.glob("*.eml"))


def differences(found: InboundMessage, wanted: dict[str, Any]) -> list[str]:
    """What is not as the file beside the mail says: `x` equal, `x_has` and `x_lacks` by what is in it. `kind`,
    `quiet` and `invite` are of the message's native part, `report` is what it says of a reply of ours.
    """
    wrong: list[str] = []
    assert not wanted.keys() - KNOWN, "a name in the file that nobody looks at"
    for name, want in wanted.items():
        field, _, how = name.rpartition("_")
        if name == "arrival":
            continue
        if name in ("kind", "quiet", "invite"):
            have: Any = found.native.get(name, {"kind": "person", "quiet": [], "invite": {}}[name])
            wrong += [] if have == want else [f"{name}: {have!r}"]
        elif name == "report":
            have = {key: value for key, value in found.native.get("report", {}).items() if key != "kind"} or None
            wrong += (
                [] if have == (want and {key: value for key, value in want.items() if value}) else [f"report: {have!r}"]
            )
        elif name == "sender":
            wrong += [
                f"{key}: {getattr(found.sender, key)!r}" for key in want if getattr(found.sender, key) != want[key]
            ]
        elif name == "recipients":
            have = [f"{each.role} {each.address} {each.name}".rstrip() for each in found.recipients]
            wrong += [] if have == want else [f"recipients: {have!r}"]
        elif name == "sent":
            wrong += [] if found.times.sent == datetime.fromisoformat(want) else [f"sent {found.times.sent}"]
        elif name == "files":
            wrong += [] if len(found.attachments) == len(want) else [f"{len(found.attachments)} files"]
            for file, wanted_file in zip(found.attachments, want, strict=False):
                have = {**json.loads(encode(file)), "size": file.content.size, "inline": file.inline}
                wrong += [f"{key}: {have.get(key)!r}" for key, value in wanted_file.items() if have.get(key) != value]
        elif how in ("has", "lacks"):
            pieces = [want] if isinstance(want, str) else want
            wrong += [f"{field}: {piece!r}" for piece in pieces if (piece in getattr(found, field)) != (how == "has")]
        elif getattr(found, name) != want:
            wrong.append(f"{name}: {getattr(found, name)!r}")
    return wrong


KNOWN = {"arrival", "kind", "quiet", "invite", "report", "sender", "recipients", "sent", "files", "automation", "subject",
         "language", *(f"{name}{how}" for name in ("text", "reply_text", "html", "subject", "flaw", "native_id")
                              for how in ("", "_has", "_lacks"))}  # fmt: skip


def _wanted(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", CASES)
def test_a_mail_of_the_corpus_is_read_as_the_file_beside_it_says(name: str) -> None:
    wanted = _wanted(name)
    assert differences(message(fixture(name), **wanted.get("arrival", {})), wanted) == []


@pytest.mark.parametrize("name", CASES)
def test_line_ends_make_no_difference(name: str) -> None:
    with_line_feeds = message((FIXTURES / f"{name}.eml").read_bytes())
    with_both = message(fixture(name))
    assert (with_line_feeds.id, with_line_feeds.text) == (with_both.id, with_both.text)


def test_the_original_is_kept_verbatim_and_named_by_the_message() -> None:
    raw = fixture("mixed-attachments")
    found = taken(raw)
    first, *files = found.pieces
    assert (first.data, first.ref) == (raw, found.message.original)
    assert (first.ref.bucket, first.ref.name) == (ORIGINALS, f"{found.message.id}/0")
    assert [piece.ref for piece in files] == [file.content for file in found.message.attachments]
    assert [(piece.ref.bucket, piece.ref.name) for piece in files] == [
        (ATTACHMENTS, f"{found.message.id}/{number}") for number in (1, 2)
    ]


def test_the_time_of_receipt_is_ours_and_the_date_is_a_claim() -> None:
    """Hard case 80."""
    found = message(plain(Date="Fri, 01 Jan 2100 00:00:00 +0000")).times
    assert found.received == RECEIVED
    assert found.sent == datetime(2100, 1, 1, tzinfo=UTC)
    assert found.accepted is None


@pytest.mark.parametrize(
    "date,sent",
    [
        ("Mon, 04 May 2026 13:59:00 +0200", datetime(2026, 5, 4, 11, 59, tzinfo=UTC)),
        ("4 May 2026 11:59 -0000", datetime(2026, 5, 4, 11, 59, tzinfo=UTC)),
        ("Mon, 04 May 2026 11:59:00 GMT (a comment)", datetime(2026, 5, 4, 11, 59, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 99 Foo 2026 99:99:99 +9999", None),
        ("", None),
        ("Mon, 04 May 99999 13:59:00 +0200", None),
    ],
)
def test_dates(date: str, sent: datetime | None) -> None:
    assert message(plain(Date=date)).times.sent == sent


def test_the_same_mail_over_another_way_is_the_same_message() -> None:
    """Relays add trace fields and signatures, and fold and end lines as they like."""
    raw = plain(Subject="a rather long subject")
    relayed = b"Received: from a.example by b.example; Mon, 4 May 2026 14:00:00 +0200\r\nDKIM-Signature: v=1\r\n" + raw
    folded = raw.replace(b"a rather long", b"a rather\r\n long").replace(b"\r\n", b"\n") + b"\n\n"
    assert len({message(each).id for each in (raw, relayed, folded)}) == 1


def test_the_same_mail_later_is_the_same_message() -> None:
    later = message(plain(), received=RECEIVED + timedelta(days=3), return_path="relay@x.example", peer="192.0.2.1")
    assert later.id == message(plain()).id


def test_one_mail_to_two_inboxes_is_two_messages() -> None:
    """Hard case 1."""
    support, sales = (message(plain(), inbox=InboxId(name)) for name in ("support", "sales"))
    assert support.id != sales.id
    assert support.native_id == sales.native_id


def test_a_mail_without_an_id_is_one_message_however_often_it_comes() -> None:
    """Hard case 2."""
    raw = plain(Message_ID=None)
    assert message(raw).key == message(raw).key
    assert message(raw).key != message(plain("Another text.", Message_ID=None)).key


def test_two_different_mails_with_one_id_are_two_messages() -> None:
    """Hard case 3."""
    first, second = message(plain("One.")), message(plain("Two."))
    assert first.native_id == second.native_id
    assert first.id != second.id


@pytest.mark.parametrize(
    "given,native_id", [("<a@b>", "<a@b>"), (" <a@b> (x)", "<a@b>"), ("a@b", "<a@b>"), ("x <a@b>", "<a@b>")]
)
def test_the_native_id_is_the_message_id(given: str, native_id: str) -> None:
    assert message(plain(Message_ID=given)).native_id == native_id


@pytest.mark.parametrize("given", [None, "", "<>", "two words", "<a b@c>", f"<{'x' * 2000}@y>"])
def test_where_there_is_no_usable_id_the_content_is_the_id(given: str | None) -> None:
    assert message(plain(Message_ID=given)).native_id.startswith("sha256:")


def test_the_customer_is_who_wrote_and_the_others_are_beside() -> None:
    """Hard case 12: nobody in To, Cc or Reply-To takes the sender's place."""
    found = message(
        plain(
            From="Customer Two <two@customer.example>",
            To="Support <support@frontline.example>, one@customer.example",
            Cc='"Three, Customer" <three@customer.example>',
            Reply_To="elsewhere@customer.example",
            Sender="secretary@customer.example",
        )
    )
    assert found.sender.address == "two@customer.example"
    assert [(each.role, each.address, each.name) for each in found.recipients] == [
        ("to", "support@frontline.example", "Support"),
        ("to", "one@customer.example", ""),
        ("cc", "three@customer.example", "Three, Customer"),
        ("reply_to", "elsewhere@customer.example", ""),
    ]


@pytest.mark.parametrize(
    "fields,address",
    [
        ({"From": None, "Sender": "s@x.example"}, "s@x.example"),
        ({"From": "nobody", "Reply-To": "r@x.example"}, "r@x.example"),
        ({"From": None}, "one@customer.example"),
    ],
)
def test_without_from_the_next_best_is_the_sender(fields: dict[str, Any], address: str) -> None:
    found = message(plain(**fields))
    assert (found.sender.address, found.flaw) == (address, "")


def test_a_mail_from_nobody_is_kept_with_a_note() -> None:
    found = message(plain(From=None), return_path="")
    assert (found.sender.address, found.flaw, found.text) == ("", "no sender", "Text.")


def test_the_language_is_what_the_mail_says() -> None:
    assert message(plain(Content_Language="de-AT, en")).language == "de-at"
    assert message(plain()).language == ""


def test_text_longer_than_a_message_may_be_is_a_file_as_well() -> None:
    text = "Größe und Maß\n" * 20_000
    found = taken(plain(text, Content_Type="text/plain; charset=utf-8"))
    assert len(found.message.text.encode()) <= LONGEST_TEXT
    assert [file.name for file in found.message.attachments] == ["message.txt"]
    assert found.pieces[1].data.decode() == text.rstrip()
    assert found.message.flaw == ""
    assert len(encode(found.message)) < 512 * 1024


@pytest.mark.parametrize("size", [LONGEST_HTML + 10, (1 << 20) + 10])
def test_html_longer_than_a_message_may_be_is_a_file(size: int) -> None:
    found = taken(plain("<p>word</p>" + "x" * size, Content_Type="text/html")).message
    assert found.html == ""
    assert found.text.startswith("word\n")
    assert found.attachments[0].media_type == "text/html"


def test_html_in_many_parts_is_read_up_to_the_same_measure() -> None:
    """A thousand parts, each small, must not take a thousand times as long."""
    part = "--b\r\nContent-Type: text/html\r\n\r\n" + "<p>x" * 3000 + "\r\n"
    found = taken(plain(part * 200, Content_Type="multipart/mixed; boundary=b")).message
    assert found.html == ""
    assert len(found.attachments) == MOST_FILES
    assert found.text.count("x") < (1 << 20) / 4 + 1


def test_more_files_than_are_kept_apart_are_told() -> None:
    parts = "--b\r\nContent-Type: image/png\r\n\r\nx\r\n" * (MOST_FILES + 3)
    found = message(plain(parts, Content_Type="multipart/mixed; boundary=b"))
    assert len(found.attachments) == MOST_FILES
    assert "in the original only" in found.flaw


@pytest.mark.parametrize(
    "name,kept",
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\files\report.pdf", "report.pdf"),
        ("a\x00b.pdf", "a b.pdf"),
        ("", "attachment-1.pdf"),
        ("   ", "attachment-1.pdf"),
        ("x" * 400 + ".pdf", ("x" * 400 + ".pdf")[-200:]),
    ],
)
def test_a_file_has_a_name_and_no_path(name: str, kept: str) -> None:
    part = f'--b\r\nContent-Type: application/pdf; name="{name.replace(chr(92), chr(92) * 2)}"\r\n\r\nx\r\n--b--'
    (file,) = message(plain(part, Content_Type="multipart/mixed; boundary=b")).attachments
    assert file.name == kept


def test_control_characters_are_not_carried_on() -> None:
    found = message(plain("a\x00b\x1b[31mc\x7f\td", Subject="x\x00y"))
    assert found.text == "ab[31mc\td"
    assert found.subject == "x y"


def test_a_bug_in_reading_costs_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> object:
        raise RecursionError

    monkeypatch.setattr(normalize, "content", broken)
    found = taken(plain("The words."))
    assert found.message.flaw.startswith("not understood (RecursionError)")
    assert "The words." in found.message.text
    assert found.pieces[0].data == plain("The words.")


def test_a_bug_in_making_the_message_costs_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(fields: object) -> object:
        if b"to" in fields:  # type: ignore[operator]
            raise ZeroDivisionError
        return ()

    monkeypatch.setattr(normalize, "_recipients", broken)
    found = taken(plain("The words."))
    assert found.message.flaw == "not understood (ZeroDivisionError)"
    assert found.pieces[0].ref == found.message.original


def test_how_a_mail_came_is_kept_and_gives_the_same_message_again() -> None:
    first = message(plain(), peer="192.0.2.1", recipients=("support@frontline.example",))
    stored = json.loads(encode(first))["native"]
    again = normalize.normalise(normalize.read(plain()), arrival_of(stored), sign).message
    assert again == first
    assert arrival_of(stored).received == to_milliseconds(RECEIVED)


def test_the_key_of_a_mail_read_again_is_the_first_one_even_if_reading_has_changed() -> None:
    native = {**message(plain()).native, "digest": "as it was computed then"}
    again = normalize.normalise(normalize.read(plain()), arrival_of(native), sign).message
    assert "as it was computed then" in again.key


def test_the_arrival_of_a_bounce_is_told_from_an_unknown_one() -> None:
    for return_path in ("", None):
        native = json.loads(encode(message(plain(), return_path=return_path)))["native"]
        assert arrival_of(native).return_path == return_path == arrival(return_path=return_path).return_path
