"""Who a process is to NATS: nobody, the holder of a token, or a user with rights of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_INBOX = "_INBOX"


@dataclass(frozen=True, slots=True)
class Login:
    """With a `user` the inbox has the user's name, too: who may listen to all of `_INBOX` hears the
    answers that were meant for others.
    """

    token: str | None = field(default=None, repr=False)
    user: str = ""
    password: str | None = field(default=None, repr=False)

    @property
    def inbox(self) -> str:
        return inbox_of(self.user) if self.user else _INBOX

    def client(self) -> Mapping[str, Any]:
        """As arguments of nats-py's `connect`."""
        if not self.user:
            return {"token": self.token}
        return {"user": self.user, "password": self.password, "inbox_prefix": self.inbox}

    def broker(self) -> Mapping[str, Any]:
        """As arguments of FastStream's `NatsBroker`."""
        if not self.user:
            return {"token": self.token}
        from faststream.security import SASLPlaintext  # takes most of a second to import

        return {"security": SASLPlaintext(self.user, self.password or ""), "inbox_prefix": self.inbox}


def inbox_of(user: str) -> str:
    """The subject below which `user` is answered."""
    return f"{_INBOX}_{user}"
