"""What it takes to deploy a channel, made from what its own settings say.

    python -m deploy.new_channel telegram [--example telegram-token=123:abc]

Writes a kustomize component, a service for `compose.yaml` to be put together with, and what the systemd
template unit reads; nothing that exists is changed. A setting that is a `Secret` becomes a file that the
operator brings, and the process does not start before it is there.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import msgspec

from deploy.checks.manifest import EXAMPLE
from deploy.checks.settings import STAND_IN, secret_settings, settings_of
from deploy.nats.users import User
from frontline.contract.error import Mistake, SettingsError

DEPLOY = Path(__file__).parent
_TEMPLATE = DEPLOY / "template"
_FIRST_OPS_PORT = 9090


@dataclass(frozen=True, slots=True)
class Needs:
    """What a channel's settings ask of a deployment."""

    channel: str
    port: int
    secrets: Mapping[str, str]
    """The settings without a default that are secrets, as keys (`telegram-token`), with an example of each."""

    @property
    def word(self) -> str:
        """As in its variables: FRONTLINE_<word>_PORT."""
        return self.channel.replace("-", "_").upper()


def needs(channel: str, examples: Mapping[str, str]) -> Needs:
    """Read from the plug-in that is installed under this name. Raises `SettingsError`."""
    try:
        defaults = {each.name: each.default for each in msgspec.structs.fields(settings_of(channel))}
    except LookupError as error:
        raise SettingsError([Mistake(channel, str(error))]) from error
    word = channel.replace("-", "_")
    port = defaults.get(f"{word}_port")
    if not isinstance(port, int) or f"{word}_host" not in defaults:
        raise SettingsError([Mistake(channel, f"its settings have no {word}_host and {word}_port to be reached by")])
    keys = [_key(name) for name in secret_settings(channel)]
    return Needs(channel, port, {key: examples.get(key, STAND_IN) for key in keys})


def _key(name: str) -> str:
    return name.replace("_", "-")


def _variable(key: str) -> str:
    return f"FRONTLINE_{key.replace('-', '_').upper()}"


def written(asked: Needs, deploy: Path) -> dict[str, str]:
    """Every file of the deployment of this channel, by its path below `deploy`."""
    channel, word = asked.channel, asked.word
    component = f"kubernetes/components/intake-{channel}"
    mount = "/run/secrets/frontline"
    terms = {
        "channel": channel,
        "port": asked.port,
        "prefix": f"FRONTLINE_{word}",
        "variable": User(f"intake-{channel}").variable,
        "examples": _flow(f"{EXAMPLE}{key}: {_quoted(value)}" for key, value in asked.secrets.items()),
        "items": _flow(f"{{key: {key}, path: {key}}}" for key in asked.secrets),
        "secret_variables": _lines(f"      {_variable(key)}_FILE: /run/secrets/{key}" for key in asked.secrets),
        "secret_mounts": _lines(
            f'    - {{source: {key}, target: {key}, uid: "10001", mode: 0400}}' for key in asked.secrets
        ),
        "secret_files": _lines(f"  {key}: {{file: secrets/{key}}}" for key in asked.secrets),
    }
    files = {
        f"{component}/{source.name}": _filled(source, terms)
        for source in sorted((_TEMPLATE / "kubernetes").glob("*.yaml"))
    }
    own = {
        "FRONTLINE_SECRET_FILE": f"{mount}/secret",
        "FRONTLINE_NATS_USER": f"intake-{channel}",
        f"FRONTLINE_{word}_HOST": "0.0.0.0",
        f"FRONTLINE_{word}_PORT": str(asked.port),
        **{f"{_variable(key)}_FILE": f"{mount}/{key}" for key in asked.secrets},
        "FRONTLINE_DRAIN_SECONDS": "30",
    }
    files[f"{component}/intake-{channel}.env"] = _lines(f"{name}={value}" for name, value in own.items()) + "\n"
    files[f"compose.{channel}.yaml"] = _filled(_TEMPLATE / "compose.yaml", terms)
    ops, port = _free_ports(deploy, channel, asked.port)
    files[f"systemd/intake-{channel}.env"] = f"FRONTLINE_OPS_PORT={ops}\nFRONTLINE_{word}_PORT={port}\n"
    if asked.secrets:
        brought = [f"LoadCredential={key}:/etc/frontline/secrets/{key}" for key in asked.secrets]
        told = [f"Environment={_variable(key)}_FILE=%d/{key}" for key in asked.secrets]
        head = _filled(_TEMPLATE / "secrets.conf", terms)
        files[f"systemd/frontline-intake@{channel}.service.d/secrets.conf"] = head + _lines([*brought, *told]) + "\n"
    return files


def _filled(source: Path, terms: Mapping[str, object]) -> str:
    text = Template(source.read_text(encoding="utf-8")).substitute(terms)
    # What a channel without secrets has nothing to put into.
    text = re.sub(r"^ *- secret: \{name: \S+, items: \[\]\}\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^ *# [^\n]*\n *annotations: \{\}\n", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n\n(?=    \w)", "\n", text)).rstrip("\n") + "\n"


def _flow(entries: Iterable[str]) -> str:
    return ", ".join(entries)


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(entries)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _free_ports(deploy: Path, channel: str, wanted: int) -> tuple[int, int]:
    """On one machine every process has ports of its own."""
    others = [path for path in sorted(deploy.glob("systemd/*.env")) if path.stem != f"intake-{channel}"]
    taken = {int(port) for path in others for port in re.findall(r"_PORT=(\d+)", path.read_text(encoding="utf-8"))}
    ops = next(port for port in range(_FIRST_OPS_PORT, 65536) if port not in taken | {wanted})
    return ops, next(port for port in range(wanted, 65536) if port not in taken | {ops})


def main(arguments: Sequence[str] | None = None) -> int:
    """Write them; 78 (EX_CONFIG) when the channel can't be deployed like that or its component is there already."""
    parser = argparse.ArgumentParser(prog="python -m deploy.new_channel", description="What deploys a channel.")
    parser.add_argument("channel", help="its name, as in the entry point")
    parser.add_argument("--deploy", type=Path, default=DEPLOY, help="the folder to write to (this one)")
    parser.add_argument(
        "--example", action="append", default=[], metavar="KEY=VALUE", help="what a secret may look like, for checks"
    )
    given = parser.parse_args(arguments)
    try:
        asked = needs(given.channel, dict(each.split("=", 1) for each in given.example))
        files = written(asked, given.deploy)
        if there := [path for path in files if (given.deploy / path).exists()]:
            raise SettingsError([Mistake(path, "is there already") for path in there])
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 78
    for path, text in files.items():
        (given.deploy / path).parent.mkdir(parents=True, exist_ok=True)
        (given.deploy / path).write_text(text, encoding="utf-8")
    sys.stdout.write(
        f"{given.deploy}/kubernetes/components/intake-{asked.channel}: for overlays that have the channel\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
