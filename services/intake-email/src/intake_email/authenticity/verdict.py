"""What the checks of a mail came to, and what it says of its sender. Pure."""

import msgspec

from frontline.contract.message import Evidence


class Finding(msgspec.Struct, frozen=True):
    """One method's word: `pass`, `fail`, `none`, `neutral`, `softfail`, `temperror`, `permerror`
    (RFC 8601, 2.7), about a domain, and why.
    """

    method: str
    result: str
    domain: str = ""
    why: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """All findings. `by` is the mail server that found them, empty when we did."""

    findings: tuple[Finding, ...]
    by: str = ""

    @property
    def verified(self) -> bool:
        """Whether the author's address is the author's: DMARC says so, and nothing less does."""
        return any((finding.method, finding.result) == ("dmarc", "pass") for finding in self.findings)


def evidence(verdict: Verdict) -> tuple[Evidence, ...]:
    """The same, in words for the message."""
    found = [
        Evidence(method=each.method, result=each.result, detail="; ".join(filter(None, (each.domain, each.why))))
        for each in verdict.findings
    ]
    return (*found, Evidence(method="checked-by", result=verdict.by)) if verdict.by else tuple(found)
