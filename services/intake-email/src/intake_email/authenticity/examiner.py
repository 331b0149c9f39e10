"""Looks whether a mail is from whom it says, within a budget of time: between the mail and its acknowledgement."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeVar

from frontline.contract.channel import Log, Meter
from intake_email.address import mailboxes
from intake_email.authenticity import arc, dkim, dmarc, sender_policy
from intake_email.authenticity.canonical import Field, split_mail
from intake_email.authenticity.lookup import Answer, Lookup, Question, Wanted, known, question
from intake_email.authenticity.resolver import Resolver
from intake_email.authenticity.results import trusted
from intake_email.authenticity.signature import Bodies, Hashes
from intake_email.authenticity.verdict import Finding, Verdict
from intake_email.settings import EmailSettings

T = TypeVar("T")

_LARGE = 64 * 1024
_MOST_ROUNDS = 40
"""Of questions that turn up on the way; SPF allows 10 mechanisms that ask, and 10 names for each (RFC 7208, 4.6.4)."""


class Way(NamedTuple):
    """How a mail came: the address of the host that brought it, the name that it gave itself, and the envelope's
    sender. `peer` is empty when it is not known.
    """

    peer: str = ""
    hello: str = ""
    return_path: str | None = None


class Examiner:
    """Our own checks, or a trusted server's word, as the operator chose."""

    def __init__(self, settings: EmailSettings, log: Log, meter: Meter) -> None:
        self._settings = settings
        self.mode = settings.authenticity(settings.env)
        self._log = log
        self._meter = meter
        self._resolver: Resolver | None = None
        if self.mode == "own":
            self._resolver = Resolver(settings.dns_servers, settings.email_dns_timeout, meter)
            dmarc.organisation("desk.example")  # reads the list of suffixes, which would hold up the first mail

    async def examine(self, raw: bytes, way: Way, now: datetime) -> Verdict | None:
        """`None` when nothing was looked at. A failure of ours costs no mail: it is then as if nobody had looked."""
        if self.mode == "off":
            return None
        fields, body = split_mail(raw)
        return await self.judge(fields, Bodies(raw, body), way, now, aside=len(raw) > _LARGE)

    async def judge(
        self, fields: list[Field], bodies: Hashes, way: Way, now: datetime, *, aside: bool = False
    ) -> Verdict | None:
        """The same, of a mail by its fields and the hashes of its body; made `aside`, in a thread, if they take long."""
        try:
            if self.mode == "trusted":
                verdict = trusted(fields, self._settings.email_trusted_servers)
            else:
                verdict = await self._own(fields, bodies, way, now, aside=aside)
        except Exception as error:  # noqa: BLE001 - as above
            self._meter.count("failures", where="authenticity")
            self._log.error("authenticity.failed", exc_info=error)
            return None
        if verdict is not None:
            for finding in verdict.findings:
                self._meter.count("authenticity", method=finding.method, result=finding.result)
        return verdict

    async def _own(self, fields: list[Field], bodies: Hashes, way: Way, now: datetime, *, aside: bool) -> Verdict:
        assert self._resolver is not None
        deadline = asyncio.get_running_loop().time() + self._settings.email_authenticity_budget
        author = author_domain(fields)
        signatures, chain = dkim.read(fields), arc.read(fields)
        first = [question(name) for name in sender_policy.first_question(way.return_path or "", way.hello)]
        asked = [*dkim.keys(signatures), *arc.keys(chain), *dmarc.questions(author), *(first if way.peer else [])]
        answers = await self._resolver.all(asked, deadline)
        policy = await _settle(lambda look: _sender(way, look), answers, self._resolver, deadline)

        def judge() -> tuple[Finding, ...]:
            look = known(answers)
            others = [policy, *dkim.judge(signatures, fields, bodies, look, now)]
            links = arc.judge(chain, fields, bodies, look)
            return (*others, dmarc.judge(author, others, look), *([links] if links else []))

        return Verdict(await asyncio.to_thread(judge) if aside else judge())


async def _settle(
    work: Callable[[Lookup], T], answers: dict[Question, Answer], resolver: Resolver, deadline: float
) -> T:
    """Run `work` until it asks for nothing that is not known."""
    for _ in range(_MOST_ROUNDS):
        try:
            return work(known(answers))
        except Wanted as wanted:
            answers[wanted.question] = await resolver.one(wanted.question, deadline)
    return work(answers.get)


def _sender(way: Way, lookup: Lookup) -> Finding:
    if not way.peer or way.return_path is None:
        return Finding(sender_policy.METHOD, "none", why="it is not known who brought the mail")
    return sender_policy.judge(way.peer, way.return_path, way.hello, lookup)


def author_domain(fields: list[Field]) -> str:
    """The domain of the one author; empty for none, or several (RFC 7489, 6.6.1)."""
    found = [field for field in fields if field.name == b"from"]
    if len(found) != 1:
        return ""
    boxes = mailboxes(found[0].value.replace(b"\r\n", b"").decode("utf-8", "replace"))
    domains = {box.address.rpartition("@")[2] for box in boxes}
    return domains.pop().lower() if len(domains) == 1 else ""
