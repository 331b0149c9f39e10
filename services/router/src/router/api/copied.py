"""Who else hears a reply: those who were on the message that it follows. Pure."""

from collections.abc import Callable, Sequence

from frontline.contract.message import Automation, Recipient
from frontline.contract.transcript import Direction, TranscriptItem

MOST = 50


def copied(
    there: Sequence[TranscriptItem], to: Sequence[Recipient], is_ours: Callable[[str], bool]
) -> tuple[Recipient, ...]:
    """What "reply to all" of a mail program does: who wrote the latest message, and whom it went to, except who
    gets the reply anyhow (`to`) and ourselves. A machine's answer asked nobody in.
    """
    latest = next((item for item in reversed(there) if item.automation is not Automation.AUTO_REPLIED), None)
    if latest is None:
        return ()
    found: dict[str, Recipient] = {}
    identity = latest.author.identity
    if latest.direction is Direction.IN and identity is not None and identity.channel == latest.channel:
        found[identity.address.lower()] = Recipient(address=identity.address, name=identity.name, role="cc")
    for each in latest.recipients:
        if each.role in ("to", "cc"):
            found.setdefault(each.address.lower(), Recipient(address=each.address, name=each.name, role="cc"))
    gets_it = {each.address.lower() for each in to}
    others = (each for address, each in found.items() if address and address not in gets_it and not is_ours(address))
    return tuple(others)[:MOST]
