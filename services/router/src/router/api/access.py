"""Who is asking: bearer tokens (RFC 6750), derived from the deployment secret and nowhere stored.

A token is looked up by its SHA-256, so the time that a wrong one takes says nothing about a right one.
"""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from frontline.configuration.model import Agent, Configuration, Desk
from frontline.contract.ids import DeskId
from frontline.runtime.signing import Signer, agent_token
from router.api.problem import Declined


@dataclass(frozen=True, slots=True)
class Who:
    """An agent and the one desk that they belong to."""

    agent: Agent
    desk: Desk


class Access:
    """Knows the agents of one configuration; `load` another when it changes."""

    def __init__(self, signer: Signer, configuration: Configuration) -> None:
        self._signer = signer
        self._by_token: dict[bytes, Who] = {}
        self._by_id: dict[str, Who] = {}
        self.desks: frozenset[DeskId] = frozenset()
        self._ours: set[str] = set()
        self.desk_names: dict[DeskId, str] = {}
        self.load(configuration)

    def load(self, configuration: Configuration) -> None:
        self.desks = frozenset(desk.id for desk in configuration.desks)
        self.desk_names = {desk.id: desk.name for desk in configuration.desks}
        self._ours = {inbox.address.lower() for desk in configuration.desks for inbox in desk.inboxes}
        everybody = [Who(agent, desk) for desk in configuration.desks for agent in desk.agents]
        self._by_id = {who.agent.id: who for who in everybody}
        self._by_token = {
            _digest(agent_token(self._signer, who.agent.id, who.agent.token_version)): who for who in everybody
        }

    def who(self, authorization: str) -> Who:
        """The agent behind an `Authorization` header. `Declined` (401) if there is none."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _challenge('Bearer realm="frontline"', "Send your token: Authorization: Bearer <token>.")
        who = self._by_token.get(_digest(token.strip()))
        if who is None:
            raise _challenge('Bearer realm="frontline", error="invalid_token"', "This token is not known, or no more.")
        return who

    def is_ours(self, address: str) -> bool:
        """Whether it is an inbox of some desk, also with something behind a plus (`support+token@`)."""
        address = address.strip().lower()
        local, at, domain = address.partition("@")
        return address in self._ours or f"{local.partition('+')[0]}{at}{domain}" in self._ours

    def picture(self, agent: str) -> str | None:
        """The picture that an agent agreed to show, if any."""
        who = self._by_id.get(agent)
        return who.agent.picture or None if who else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _challenge(challenge: str, detail: str) -> Declined:
    return Declined(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
