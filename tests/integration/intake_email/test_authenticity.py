"""Whether a mail is from whom it says, found out over a real DNS."""

import asyncio
from typing import Any

import dns.asyncresolver
import dns.resolver
import pytest

from frontline.contract.error import SettingsError
from intake_email.authenticity.examiner import Examiner, Way
from intake_email.authenticity.lookup import question
from intake_email.settings import EmailSettings
from tests.integration.intake_email.dns_server import Zone, answering
from tests.unit.intake_email.proofs import MAIL, NOW, ZONE, arc_sealed, dkim_signed
from tests.unit.intake_email.test_sign import Quiet

WAY = Way(peer="192.0.2.1", hello="mx.customer.example", return_path="one@customer.example")


async def examined(raw: bytes, zone: Zone, way: Way = WAY, **settings: Any) -> dict[str, str]:
    """The result of each method."""
    given = {
        "email_authenticity": "own",
        "email_dns_servers": (zone.address,),
        "email_authenticity_budget": 30.0,
        **settings,
    }
    examiner = Examiner(EmailSettings(**given), Quiet(), Quiet())
    verdict = await examiner.examine(raw, way, NOW)
    assert verdict is not None
    assert verdict.verified == any((each.method, each.result) == ("dmarc", "pass") for each in verdict.findings)
    return {each.method: each.result for each in verdict.findings}


async def test_a_mail_that_is_signed_and_sent_as_its_domain_says_is_verified() -> None:
    async with answering(ZONE) as zone:
        assert await examined(dkim_signed(), zone) == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
        assert len(zone.asked) == len(set(zone.asked)) == 3


async def test_one_of_both_ways_is_enough_and_none_is_not() -> None:
    """Hard case 22."""
    elsewhere = WAY._replace(peer="203.0.113.1")
    async with answering(ZONE) as zone:
        assert await examined(dkim_signed(key="e"), zone, elsewhere) == {"spf": "fail", "dkim": "pass", "dmarc": "pass"}
        assert await examined(MAIL, zone) == {"spf": "pass", "dkim": "none", "dmarc": "pass"}
        assert await examined(MAIL, zone, elsewhere) == {"spf": "fail", "dkim": "none", "dmarc": "fail"}
        spoofed = WAY._replace(return_path="x@attacker.example")
        assert await examined(MAIL, zone, spoofed) == {"spf": "none", "dkim": "none", "dmarc": "fail"}


async def test_what_a_mailing_list_rewrote_is_not_verified_and_its_seal_says_what_it_saw() -> None:
    """Hard case 22."""
    raw = dkim_signed().replace(b"Subject:  It", b"Subject: [List] It")
    sealed = arc_sealed(raw, results=b"dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example")
    way = WAY._replace(peer="203.0.113.9", return_path="list-bounces@list.example")
    async with answering(ZONE) as zone:
        assert await examined(sealed, zone, way) == {"spf": "none", "dkim": "fail", "dmarc": "fail", "arc": "pass"}


async def test_who_brought_it_may_be_unknown() -> None:
    async with answering(ZONE) as zone:
        assert await examined(dkim_signed(), zone, Way()) == {"spf": "none", "dkim": "pass", "dmarc": "pass"}


async def test_a_dns_that_is_silent_or_broken_costs_the_budget_and_no_more() -> None:
    async with answering(ZONE) as zone:
        zone.silent = {asked.name for asked in ZONE}
        found = await examined(dkim_signed(), zone, email_authenticity_budget=0.2, email_dns_timeout=0.1)
        assert found == {"spf": "temperror", "dkim": "temperror", "dmarc": "temperror"}
        zone.silent, zone.broken = set(), {"_dmarc.customer.example"}
        assert (await examined(dkim_signed(), zone))["dmarc"] == "temperror"


async def test_an_answer_is_asked_for_once() -> None:
    async with answering(ZONE) as zone:
        settings = EmailSettings(email_authenticity="own", email_dns_servers=(zone.address,))
        examiner = Examiner(settings, Quiet(), Quiet())
        for _ in range(3):
            await examiner.examine(dkim_signed(), WAY, NOW)
        assert len(zone.asked) == 3


async def test_a_large_mail_does_not_hold_up_the_others() -> None:
    """What is hashed in a thread leaves the loop free; ten turns of it are counted while 20 MB are looked at."""
    raw = dkim_signed(MAIL + b"0123456789 abcdef \r\n" * 1_000_000)
    async with answering(ZONE) as zone:
        looking = asyncio.create_task(examined(raw, zone))
        turns = 0
        while not looking.done():
            await asyncio.sleep(0)
            turns += 1
        assert (await looking)["dmarc"] == "pass"
    assert turns > 10


async def test_the_word_of_a_server_in_front_is_taken_without_a_question() -> None:
    """Hard case 22."""
    word = b"Authentication-Results: mx.frontline.example; dmarc=pass header.from=customer.example\r\n"
    own: dict[str, Any] = {"email_authenticity": "trusted", "email_trusted_servers": ("mx.frontline.example",)}
    async with answering(ZONE) as zone:
        assert await examined(word + MAIL, zone, **own) == {"dmarc": "pass"}
        examiner = Examiner(EmailSettings(**own), Quiet(), Quiet())
        assert await examiner.examine(b"Authentication-Results: x; none\r\n" + word + MAIL, WAY, NOW) is None
        assert zone.asked == []


async def test_nothing_is_looked_at_where_nobody_asked_for_it() -> None:
    for settings in (EmailSettings(), EmailSettings(email_authenticity="off")):
        assert await Examiner(settings, Quiet(), Quiet()).examine(MAIL, WAY, NOW) is None


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"From: x\r\n" * 5000, b"\xff" * 1000, b"From: one@\xe4.example\r\n\r\n"]
)
async def test_no_mail_is_too_strange_to_be_looked_at(raw: bytes) -> None:
    quiet = Quiet()
    async with answering({question("x"): ()}) as zone:
        settings = EmailSettings(email_authenticity="own", email_dns_servers=(zone.address,))
        verdict = await Examiner(settings, quiet, quiet).examine(raw, WAY, NOW)
    assert verdict is not None
    assert not verdict.verified
    assert "failures" not in quiet.said


def test_a_machine_that_names_no_dns_server_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.asyncresolver, "Resolver", nobody)
    with pytest.raises(SettingsError) as told:
        Examiner(EmailSettings(email_authenticity="own"), Quiet(), Quiet())
    assert [mistake.where for mistake in told.value.mistakes] == ["FRONTLINE_EMAIL_DNS_SERVERS"]
    Examiner(EmailSettings(), Quiet(), Quiet())
