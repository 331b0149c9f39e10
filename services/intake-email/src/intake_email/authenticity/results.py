"""What a mail server in front of us found, as it says in `Authentication-Results` (RFC 8601). Pure.

Only the topmost field counts, and only if it names a server that we trust: whatever stands below may
have come with the mail.
"""

import re
from collections.abc import Sequence

from intake_email.authenticity.canonical import Field
from intake_email.authenticity.verdict import Finding, Verdict

_FIELD = b"authentication-results"
_TOKEN = re.compile(r'"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<mark>[;=()])|(?P<word>[^\s;=()"]+)|(?P<space>\s+)')
_METHODS = {
    "spf": ("smtp.mailfrom", "smtp.helo"),
    "dkim": ("header.d", "header.i"),
    "dmarc": ("header.from",),
    "arc": (),
}
_RESULTS = {"pass", "fail", "none", "neutral", "softfail", "temperror", "permerror", "policy"}
_LONGEST = 8192
_MOST = 12


def trusted(fields: Sequence[Field], servers: Sequence[str]) -> Verdict | None:
    """The verdict of the server in front; `None` if the topmost field is not one of `servers`'."""
    topmost = next((field for field in fields if field.name == _FIELD), None)
    if topmost is None:
        return None
    parts = _parts(topmost.value[:_LONGEST].decode("ascii", "replace"))
    server = parts[0][0][0].lower() if parts and parts[0] else ""
    if server not in {name.lower() for name in servers}:
        return None
    findings = [finding for part in parts[1 : _MOST + 1] if (finding := _finding(part)) is not None]
    return Verdict(tuple(findings), by=server)


Pair = tuple[str, str]


def _finding(part: list[Pair]) -> Finding | None:
    """`spf=pass smtp.mailfrom=customer.example` as a finding, `None` for what we do not know."""
    if not part:
        return None
    method, result = part[0][0].lower().partition("/")[0], part[0][1].lower()
    if method not in _METHODS or result not in _RESULTS:
        return None
    about = {name.lower(): value for name, value in part[1:]}
    domain = next((about[name] for name in _METHODS[method] if name in about), "")
    return Finding(method, result, domain.rpartition("@")[2].lower()[:253])


def _parts(text: str) -> list[list[Pair]]:
    """Between semicolons, each a list of `name=value`; a word alone has an empty value. Comments are left out."""
    parts: list[list[Pair]] = [[]]
    depth = 0
    after_equals = False
    for match in _TOKEN.finditer(text):
        mark = match["mark"]
        if mark == "(":
            depth += 1
        elif mark == ")":
            depth = max(0, depth - 1)
        elif depth or match["space"]:
            continue
        elif mark == ";":
            parts.append([])
            after_equals = False
        elif mark == "=":
            after_equals = bool(parts[-1])
        else:
            word = match["quoted"] if match["quoted"] is not None else match["word"]
            if after_equals:
                parts[-1][-1] = (parts[-1][-1][0], word)
            else:
                parts[-1].append((word, ""))
            after_equals = False
    return parts
