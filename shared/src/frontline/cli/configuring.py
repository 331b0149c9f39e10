"""`frontline init`, `config check` and `token`."""

from argparse import Namespace
from pathlib import Path
from typing import cast

from frontline.cli.output import line
from frontline.cli.reach import secret
from frontline.configuration.demo import DEMO
from frontline.configuration.load import load, load_texts
from frontline.configuration.model import Configuration
from frontline.configuration.own import OWN
from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.settings import RuntimeSettings, environment, load_several


def init(arguments: Namespace) -> int:
    path = Path(arguments.path)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(OWN)
    except FileExistsError as error:
        raise SettingsError([Mistake(str(path), "is there already and stays as it is; name another")]) from error
    except OSError as error:
        raise SettingsError([Mistake(str(path), f"can't be written: {error.strerror}")]) from error
    line(f"Wrote {path}. Make it yours, then:")
    line(f"  frontline config check {path}")
    line(f"  FRONTLINE_CONFIG={path} frontline up")
    return 0


def check(arguments: Namespace) -> int:
    path = arguments.path or _settings().config
    if path is None:
        raise SettingsError([Mistake("FRONTLINE_CONFIG", "is not set: name a file or folder to check")])
    try:
        found = load(path)
    except SettingsError as error:
        for mistake in error.mistakes:
            line(str(mistake))
        line(f"{len(error.mistakes)} {'mistake' if len(error.mistakes) == 1 else 'mistakes'}")
        return 1
    line(f"{path} is right: {_counted(found)}")
    return 0


def token(arguments: Namespace) -> int:
    from frontline.runtime.signing import Signer, agent_token

    settings = _settings()
    found = load_texts([("demo.toml", DEMO.encode())]) if settings.config is None else load(settings.config)
    agents = {agent.id: agent for desk in found.desks for agent in desk.agents}
    agent = agents.get(arguments.agent)
    if agent is None:
        raise SettingsError(
            [Mistake(arguments.agent, f"is no agent of this configuration; it has: {', '.join(agents)}")]
        )
    line(agent_token(Signer(secret(settings).encode()), agent.id, agent.token_version))
    return 0


def _settings() -> RuntimeSettings:
    return cast("RuntimeSettings", load_several([("runtime", RuntimeSettings)], environment())[RuntimeSettings])


def _counted(found: Configuration) -> str:
    inboxes = sum(len(desk.inboxes) for desk in found.desks)
    agents = sum(len(desk.agents) for desk in found.desks)
    counts = ((len(found.desks), "desk"), (inboxes, "inbox"), (agents, "agent"), (len(found.policies), "policy"))
    return ", ".join(f"{count} {_PLURAL[word] if count != 1 else word}" for count, word in counts)


_PLURAL = {"desk": "desks", "inbox": "inboxes", "agent": "agents", "policy": "policies"}
