"""Who may send for a domain (SPF), whether its owner stands behind a mail (DMARC), and whose word on it counts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.authenticity import dmarc, sender_policy
from intake_email.authenticity.canonical import split_mail
from intake_email.authenticity.examiner import author_domain
from intake_email.authenticity.lookup import Answer, Question, Wanted, known, question
from intake_email.authenticity.results import trusted
from intake_email.authenticity.verdict import Finding, Verdict, evidence
from tests.unit.intake_email.proofs import ZONE, looking

SENDER = "one@customer.example"
DKIM = Finding("dkim", "pass", "customer.example")
SPF = Finding("spf", "pass", "customer.example")


def policy(text: bytes, **more: Answer) -> Any:
    return looking({question("customer.example"): (text,), **{question(name): answer for name, answer in more.items()}})


def spf(
    lookup: Any = None, *, peer: str = "192.0.2.1", sender: str = SENDER, hello: str = "mx.customer.example"
) -> str:
    return sender_policy.judge(peer, sender, hello, lookup or looking()).result


@pytest.mark.parametrize(
    "peer,wanted", [("192.0.2.1", "pass"), ("198.51.100.7", "pass"), ("203.0.113.1", "fail"), ("2001:db8::1", "fail")]
)
def test_the_host_that_brings_a_mail_may_or_may_not(peer: str, wanted: str) -> None:
    found = sender_policy.judge(peer, SENDER, "x", looking())
    assert (found.result, found.domain) == (wanted, "customer.example")


@pytest.mark.parametrize(
    "text,wanted",
    [
        (b"v=spf1 ?all", "neutral"),
        (b"v=spf1 ~all", "softfail"),
        (b"v=spf1 +all", "pass"),
        (b"v=spf1 ip4:300.1.1.1 -all", "permerror"),
        (b"v=spf1 include:customer.example -all", "permerror"),
        (b"v=spf1 redirect=customer.example", "permerror"),
        (b"v=spf1 a:no1.example a:no2.example a:no3.example -all", "permerror"),
        (b"v=spf1 exists:%{i}._spf.%{d} -all", "fail"),
        (b"v=spf1 \xff -all", "permerror"),
        (b"v=spf10 -all", "none"),
        (b"something else", "none"),
    ],
)
def test_a_policy_is_read_as_the_standard_says(text: bytes, wanted: str) -> None:
    assert spf(policy(text)) == wanted


def test_two_policies_are_none() -> None:
    assert spf(looking({question("customer.example"): (b"v=spf1 -all", b"v=spf1 +all")})) == "permerror"


def test_the_name_of_the_host_is_asked_where_the_sender_is_nobody() -> None:
    assert spf(sender="", hello="customer.example") == "pass"
    assert spf(sender="", hello="") == spf(sender="", hello="[192.0.2.1]") == "none"


def test_what_can_not_be_looked_up_may_be_right_later() -> None:
    assert spf(lambda _: None) == "temperror"
    include = question("relay.example")
    assert spf(lambda asked: None if asked == include else ZONE.get(asked, ()), peer="203.0.113.1") == "temperror"


def test_a_policy_is_found_out_one_question_after_the_other() -> None:
    answers: dict[Question, Answer] = {}
    for _ in range(3):
        with pytest.raises(Wanted) as wanted:
            sender_policy.judge("198.51.100.7", SENDER, "x", known(answers))
        answers[wanted.value.question] = ZONE.get(wanted.value.question, ())
    assert sender_policy.judge("198.51.100.7", SENDER, "x", known(answers)).result == "pass"
    assert [asked.name for asked in answers] == ["customer.example", "relay.example", "out.relay.example"]


@given(st.text(max_size=60), st.text(max_size=30), st.binary(max_size=80))
def test_no_sender_and_no_policy_is_too_strange(sender: str, hello: str, text: bytes) -> None:
    for lookup in (looking(), lambda _: (b"v=spf1 " + text,)):
        assert sender_policy.judge("192.0.2.1", sender, hello, lookup).result in {
            "pass",
            "fail",
            "softfail",
            "neutral",
            "none",
            "permerror",
        }


def judged(*others: Finding, record: bytes | None = b"v=DMARC1; p=reject", author: str = "customer.example") -> str:
    zone = {question("_dmarc.customer.example"): (record,)} if record is not None else {}
    return dmarc.judge(author, others, looking(zone)).result


@pytest.mark.parametrize("finding", [DKIM, SPF])
def test_the_owner_stands_behind_what_one_of_both_proves_for_the_same_domain(finding: Finding) -> None:
    assert judged(finding) == "pass"
    other = Finding(finding.method, "pass", "attacker.example")
    assert judged(other) == "fail"
    assert judged(Finding(finding.method, "fail", "customer.example")) == "fail"


def test_a_domain_below_is_of_the_same_owner_unless_the_policy_is_strict() -> None:
    below = Finding("dkim", "pass", "mail.customer.example")
    assert judged(below) == "pass"
    assert judged(DKIM, author="news.customer.example") == "pass"
    assert judged(below, record=b"v=DMARC1; p=none; adkim=s") == "fail"
    assert judged(Finding("spf", "pass", "mail.customer.example"), record=b"v=DMARC1; p=none; aspf=s") == "fail"


def test_neighbours_below_a_public_suffix_are_strangers() -> None:
    zone = {question("_dmarc.a.co.uk"): (b"v=DMARC1; p=none",)}
    assert dmarc.judge("a.co.uk", [Finding("dkim", "pass", "b.co.uk")], looking(zone)).result == "fail"
    assert dmarc.judge("x.a.co.uk", [Finding("dkim", "pass", "y.a.co.uk")], looking(zone)).result == "pass"
    assert dmarc.organisation("co.uk") == "co.uk"


@pytest.mark.parametrize("record", [None, b"v=DMARC2; p=none", b"v=spf1 -all", b"p=none", b"v=DMARC1; p", b"\xff"])
def test_without_a_policy_nobody_is_verified(record: bytes | None) -> None:
    assert judged(DKIM, SPF, record=record) == "none"


def test_two_policies_for_one_domain_are_none() -> None:
    twice = looking({question("_dmarc.customer.example"): (b"v=DMARC1; p=none", b"v=DMARC1; p=none")})
    assert dmarc.judge("customer.example", [DKIM], twice).result == "none"


def test_what_could_not_be_looked_up_is_no_failure() -> None:
    assert judged(Finding("dkim", "temperror", "customer.example")) == "temperror"
    assert dmarc.judge("customer.example", [DKIM], lambda _: None).result == "temperror"


@pytest.mark.parametrize(
    "head,wanted",
    [
        (b"From: One <one@Customer.example>", "customer.example"),
        (b"From: one@customer.example, two@customer.example", "customer.example"),
        (b"From: one@customer.example\r\nFrom: two@attacker.example", ""),
        (b"From: one@customer.example, two@attacker.example", ""),
        (b'From: "one@customer.example" <two@attacker.example>', "attacker.example"),
        (b"From: one@customer.example (x@y.example)", "customer.example"),
        (b"From: nobody", ""),
        (b"Subject: x", ""),
    ],
)
def test_a_mail_has_one_author_or_none_that_could_be_verified(head: bytes, wanted: str) -> None:
    """Hard case 22."""
    assert author_domain(split_mail(head + b"\r\n\r\n")[0]) == wanted


def read(*fields: bytes, servers: tuple[str, ...] = ("mx.frontline.example",)) -> Verdict | None:
    return trusted(split_mail(b"\r\n".join(fields) + b"\r\n\r\n")[0], servers)


REAL = (
    b"Authentication-Results: MX.frontline.example (a comment; dmarc=fail) 1;\r\n"
    b' dkim=pass (2048-bit key; secure) header.d=customer.example header.i="@customer.example";\r\n'
    b"\tspf=softfail smtp.mailfrom=one@bounce.customer.example; dmarc=pass (p=REJECT) header.from=customer.example;\r\n"
    b" x-own=pass"
)


def test_the_word_of_the_server_in_front_counts() -> None:
    found = read(b"Received: from x", REAL)
    assert found == Verdict(
        (
            Finding("dkim", "pass", "customer.example"),
            Finding("spf", "softfail", "bounce.customer.example"),
            Finding("dmarc", "pass", "customer.example"),
        ),
        by="mx.frontline.example",
    )
    assert found.verified
    said = [(each.method, each.result, each.detail) for each in evidence(found)]
    assert said[-2:] == [("dmarc", "pass", "customer.example"), ("checked-by", "mx.frontline.example", "")]


def test_a_word_further_down_came_with_the_mail_and_is_not_believed() -> None:
    """Hard case 22."""
    forged = b"Authentication-Results: mx.frontline.example; dmarc=pass header.from=customer.example"
    true = b"Authentication-Results: mx.frontline.example; dmarc=fail header.from=customer.example"
    found = read(true, b"Received: from x", forged)
    assert found is not None
    assert [finding.result for finding in found.findings] == ["fail"]
    assert not found.verified
    other = b"Authentication-Results: mx.elsewhere.example; none"
    assert read(other, forged) is None
    assert read(b"Authentication-Results: ", forged) is None
    assert read(b"Subject: x") is None


@pytest.mark.parametrize(
    "value,wanted",
    [
        (b"mx.frontline.example; none", []),
        (b"mx.frontline.example", []),
        (b"mx.frontline.example; dmarc = pass header.from = x.example", [("dmarc", "pass", "x.example")]),
        (b"mx.frontline.example; dmarc=pas", []),
        (b"mx.frontline.example; =pass; ;; dmarc", []),
        (b'mx.frontline.example; dkim=fail reason="dmarc=pass; x" header.d=x.example', [("dkim", "fail", "x.example")]),
        (b"mx.frontline.example; (dmarc=pass) spf=none", [("spf", "none", "")]),
        (b"mx.frontline.example; (((( dmarc=pass", []),
        (b"mx.frontline.example.attacker.example; dmarc=pass", None),
        (b'"mx.frontline.example"; dmarc/1=pass', [("dmarc", "pass", "")]),
    ],
)
def test_results_are_read_as_the_standard_writes_them(value: bytes, wanted: list[tuple[str, str, str]] | None) -> None:
    found = read(b"Authentication-Results: " + value)
    given = None if found is None else [(each.method, each.result, each.domain) for each in found.findings]
    assert given == wanted
