"""Whether the author's domain stands behind a mail (RFC 7489). Pure."""

from collections.abc import Sequence
from functools import cache

from publicsuffixlist import PublicSuffixList

from intake_email.authenticity.lookup import Answer, Lookup, Question, question, texts
from intake_email.authenticity.tags import Malformed, tags
from intake_email.authenticity.verdict import Finding

METHOD = "dmarc"


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


def organisation(domain: str) -> str:
    """The domain that somebody registered: `customer.example` for `mail.customer.example`."""
    return _suffixes().privatesuffix(domain) or domain


def questions(author: str) -> list[Question]:
    """Where the policy of an author's domain may stand."""
    if not author:
        return []
    return list(dict.fromkeys((question(f"_dmarc.{author}"), question(f"_dmarc.{organisation(author)}"))))


def judge(author: str, others: Sequence[Finding], lookup: Lookup) -> Finding:
    """`author`: the domain of From, empty when it has not exactly one; `others`: what SPF and DKIM found."""
    if not author:
        return Finding(METHOD, "permerror", why="From names not exactly one author")
    asked = questions(author)
    policy: dict[str, str] | None = None
    for each in asked:
        answer = lookup(each)
        if answer is None:
            return Finding(METHOD, "temperror", author, "the policy can't be looked up")
        policy = _policy(answer)
        if policy is not None:
            break
    if policy is None:
        return Finding(METHOD, "none", author)
    strict = {"spf": policy.get("aspf", "r").lower() == "s", "dkim": policy.get("adkim", "r").lower() == "s"}
    for finding in others:
        if finding.result == "pass" and _aligned(finding.domain, author, strict=strict[finding.method]):
            return Finding(METHOD, "pass", author, f"by {finding.method}")
    if any(finding.result == "temperror" for finding in others):
        return Finding(METHOD, "temperror", author, "something could not be looked up")
    return Finding(METHOD, "fail", author, f"policy {policy['p']}")


def _policy(answer: Answer) -> dict[str, str] | None:
    """The one policy among the records (RFC 7489, 6.6.3); several are none."""
    found = []
    for text in texts(answer or ()):
        if not text.lower().startswith("v=dmarc1"):
            continue
        try:
            policy = tags(text)
        except Malformed:
            continue
        policy["p"] = policy.get("p", "none").lower()[:20]
        found.append(policy)
    return found[0] if len(found) == 1 else None


def _aligned(domain: str, author: str, *, strict: bool) -> bool:
    if not domain:
        return False
    return domain == author if strict else organisation(domain) == organisation(author)
