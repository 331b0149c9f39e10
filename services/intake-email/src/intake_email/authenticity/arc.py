"""The chain of those who passed a mail on (RFC 8617). Pure.

Who breaks a signature, a mailing list for one, can say in a seal of their own that it was right. The
chain says that nobody tampered with those words, not that they are true: so it is told, and verifies
nobody.
"""

from collections.abc import Sequence

from intake_email.authenticity.canonical import Field, canonical_field
from intake_email.authenticity.lookup import Lookup, Question
from intake_email.authenticity.signature import Hashes, Signature, judge_message, judge_octets, unsigned_relaxed
from intake_email.authenticity.tags import Malformed, tags
from intake_email.authenticity.verdict import Finding

METHOD = "arc"
MOST = 10
"""Instances; 50 are allowed and nobody needs them."""
_RESULTS, _MESSAGE, _SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"

Chain = list[dict[bytes, Field]]
"""The sets in order; each has the three fields."""


def read(fields: Sequence[Field]) -> Chain | Malformed | None:
    """The chain, `None` for a mail without one."""
    sets: dict[int, dict[bytes, Field]] = {}
    for field in fields:
        if field.name not in (_RESULTS, _MESSAGE, _SEAL):
            continue
        instance = _instance(field)
        if instance is None or not 1 <= instance <= MOST or field.name in sets.get(instance, ()):
            return Malformed("no order of instances")
        sets.setdefault(instance, {})[field.name] = field
    if not sets:
        return None
    if sorted(sets) != list(range(1, len(sets) + 1)) or any(len(each) != 3 for each in sets.values()):
        return Malformed("an instance is not whole")
    return [sets[instance] for instance in sorted(sets)]


def keys(chain: Chain | Malformed | None) -> list[Question]:
    if not isinstance(chain, list):
        return []
    signed = [chain[-1][_MESSAGE], *(each[_SEAL] for each in chain)]
    found = []
    for field in signed:
        try:
            found.append(Signature(field).key)
        except Malformed:
            continue
    return found


def judge(chain: Chain | Malformed | None, fields: Sequence[Field], bodies: Hashes, lookup: Lookup) -> Finding | None:
    """Whether the chain is whole; its domain is that of the last seal."""
    if chain is None:
        return None
    if isinstance(chain, Malformed):
        return Finding(METHOD, "fail", why=str(chain))
    domain = ""
    try:
        last = Signature(chain[-1][_SEAL])
        domain = last.domain
        message = Signature(chain[-1][_MESSAGE])
        judged = judge_message(message, [each for each in fields if each.name != _SEAL], bodies, lookup(message.key))
        if judged.result != "pass":
            return _broken(domain, len(chain), judged.result, judged.why)
        for number in range(len(chain), 0, -1):
            seal = Signature(chain[number - 1][_SEAL])
            if seal.get("cv").lower() != ("none" if number == 1 else "pass"):
                return _broken(domain, number, "fail", "cv does not say so")
            judged = judge_octets(seal, _sealed(chain[:number]), lookup(seal.key))
            if judged.result != "pass":
                return _broken(domain, number, judged.result, judged.why)
    except Malformed as error:
        return Finding(METHOD, "fail", domain, str(error))
    return Finding(METHOD, "pass", domain)


def _broken(domain: str, number: int, result: str, why: str) -> Finding:
    return Finding(METHOD, "temperror" if result == "temperror" else "fail", domain, f"at {number}: {why}")


def _sealed(chain: Chain) -> bytes:
    """What the last seal of `chain` covers: all fields of all sets up to itself (RFC 8617, 5.1.1)."""
    covered = []
    for each in chain:
        covered += [canonical_field(each[name], relaxed=True) for name in (_RESULTS, _MESSAGE)]
        covered.append(canonical_field(each[_SEAL], relaxed=True))
    covered[-1] = unsigned_relaxed(chain[-1][_SEAL])
    return b"\r\n".join(covered)


def _instance(field: Field) -> int | None:
    text = field.value.decode("ascii", "replace")
    try:
        # Authentication-Results is no list of tags, but the instance stands before all else (RFC 8617, 4.1.1).
        value = tags(text.partition(";")[0]).get("i", "") if field.name == _RESULTS else tags(text).get("i", "")
    except Malformed:
        return None
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 2 else None
