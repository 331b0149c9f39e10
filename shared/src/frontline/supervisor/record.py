"""`up.json`: how to reach everything that runs, for people's scripts and for tests."""

from collections.abc import Mapping

import msgspec

from frontline.configuration.model import Configuration
from frontline.runtime.signing import Signer, agent_token
from frontline.runtime.status import Status
from frontline.supervisor.address import reachable, url
from frontline.supervisor.roster import intake


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    token: str


class UpRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`None` stands for a channel that is not installed or has no inbox. `nats` holds the token:
    the file is for its owner only. `ops` are `host:port` by service, `pids` process ids by name.
    """

    nats: str
    router: str | None
    chat: str | None
    phone: str | None
    smtp: str | None
    desk: str
    agents: tuple[AgentRecord, ...]
    ops: dict[str, str]
    pids: dict[str, int]


def up_record(
    configuration: Configuration, signer: Signer, nats: str, told: Mapping[str, Status], pids: Mapping[str, int]
) -> UpRecord:
    """From what the services told in their status files, by name of the process."""
    return UpRecord(
        nats=nats,
        router=_url(told, "router"),
        chat=_url(told, intake("chat")),
        phone=_url(told, intake("phone")),
        smtp=_address(told, intake("email"), "smtp"),
        desk=configuration.desks[0].id,
        agents=tuple(
            AgentRecord(id=agent.id, name=agent.name, token=agent_token(signer, agent.id, agent.token_version))
            for desk in configuration.desks
            for agent in desk.agents
        ),
        ops={name: status.ops for name, status in told.items()},
        pids={**pids, **{name: status.pid for name, status in told.items()}},
    )


def _url(told: Mapping[str, Status], service: str) -> str | None:
    address = told[service].listeners.get("http") if service in told else None
    return url(address) if address else None


def _address(told: Mapping[str, Status], service: str, listener: str) -> str | None:
    address = told[service].listeners.get(listener) if service in told else None
    return reachable(address) if address else None
