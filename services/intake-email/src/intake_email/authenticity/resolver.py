"""The DNS, asked with time limits and a cache."""

import asyncio
from collections.abc import Iterable, Sequence

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.name import LabelTooLong, NameTooLong
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from frontline.contract.channel import Meter
from frontline.contract.error import Mistake, SettingsError
from intake_email.authenticity.lookup import Answer, Question, Record

_CACHED = 20_000
_MOST_RECORDS = 64
_LONGEST_TEXT = 16_384


class Resolver:
    """Asks `servers` (`host:port`), or those of this machine; a question that stays unanswered for `seconds` has
    no answer. Raises `SettingsError` when there is nobody to ask.
    """

    def __init__(self, servers: Sequence[tuple[str, int]], seconds: float, meter: Meter) -> None:
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            what = "must be set: this machine names no DNS server"
            raise SettingsError([Mistake("FRONTLINE_EMAIL_DNS_SERVERS", what)]) from error
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._resolver.cache = dns.resolver.LRUCache(_CACHED)
        self._resolver.search = []
        self._seconds = seconds
        self._meter = meter

    async def all(self, questions: Iterable[Question], deadline: float) -> dict[Question, Answer]:
        """All at the same time. `deadline` is the loop's time; what is not answered by then has no answer."""
        asked = list(dict.fromkeys(questions))
        answers = await asyncio.gather(*(self.one(question, deadline) for question in asked))
        return dict(zip(asked, answers, strict=True))

    async def one(self, question: Question, deadline: float) -> Answer:
        seconds = min(self._seconds, deadline - asyncio.get_running_loop().time())
        if seconds <= 0:
            self._meter.count("dns_questions", outcome="too_late")
            return None
        try:
            found = await self._resolver.resolve(
                question.name + ".", question.kind, lifetime=seconds, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, LabelTooLong, NameTooLong, dns.name.EmptyLabel):
            self._meter.count("dns_questions", outcome="none")
            return ()
        except (dns.exception.DNSException, OSError, UnicodeError):
            self._meter.count("dns_questions", outcome="failed")
            return None
        self._meter.count("dns_questions", outcome="answered")
        return tuple(_record(each) for each in list(found.rrset or ())[:_MOST_RECORDS])


def _record(data: Rdata) -> Record:
    match data:
        case TXT():
            return b"".join(data.strings)[:_LONGEST_TEXT]
        case MX():
            return (data.preference, data.exchange.to_text(omit_final_dot=True))
        case PTR():
            return str(data.target.to_text(omit_final_dot=True))
        case A() | AAAA():
            return str(data.address)
        case _:
            raise ValueError("a record of a kind that nobody asked for")
