"""What `frontline up` is told, checked together with the configuration before anything is started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from frontline.configuration.demo import DEMO
from frontline.configuration.load import load, load_texts
from frontline.configuration.model import Configuration
from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.settings import RuntimeSettings, load_several
from frontline.supervisor.storage import StorageSettings

_DRAIN_SECONDS = "3"
"""For each service; all of them together have to end within ten seconds."""


@dataclass(frozen=True, slots=True)
class UpSettings:
    """`demo`: nobody named a configuration, so it is the demo desk."""

    runtime: RuntimeSettings
    storage: StorageSettings
    configuration: Configuration
    demo: bool


def up_settings(environ: Mapping[str, str]) -> UpSettings:
    """Everything that `up` needs to know. `SettingsError` with all mistakes, those of the configuration too."""
    mistakes: list[Mistake] = []
    storage = StorageSettings()
    try:
        loaded = load_several([("runtime", RuntimeSettings), ("storage", StorageSettings)], environ)
    except SettingsError as error:
        mistakes += error.mistakes
        runtime = _as_far_as_it_goes(environ)
    else:
        runtime = cast("RuntimeSettings", loaded[RuntimeSettings])
        storage = cast("StorageSettings", loaded[StorageSettings])
    if runtime.env == "production" and runtime.config is None:
        what = (
            "is not set, and the demo desk does not start in production; `frontline init` writes a file to begin with"
        )
        mistakes.append(Mistake("FRONTLINE_CONFIG", what))
    try:
        configuration = read_configuration(runtime.config)
    except SettingsError as error:
        raise SettingsError([*mistakes, *error.mistakes]) from error
    if mistakes:
        raise SettingsError(mistakes)
    return UpSettings(runtime, storage, configuration, demo=runtime.config is None)


def _as_far_as_it_goes(environ: Mapping[str, str]) -> RuntimeSettings:
    """Enough to look for more mistakes when there are some already."""
    config = environ.get("FRONTLINE_CONFIG")
    production = environ.get("FRONTLINE_ENV") == "production"
    return RuntimeSettings(config=Path(config) if config else None, env="production" if production else "development")


def read_configuration(path: Path | None) -> Configuration:
    """The configuration at `path`, the demo desk without one."""
    return load_texts([("demo.toml", DEMO.encode())]) if path is None else load(path)


@dataclass(frozen=True, slots=True)
class Given:
    """What services have to be told that `up` has made or found out. Secrets go by file only."""

    data_dir: Path
    config: Path
    nats_url: str
    nats_token_file: Path | None = None
    secret_file: Path | None = None


def service_environment(environ: Mapping[str, str], given: Given) -> dict[str, str]:
    """The environment of a service: ours, and on top what `up` decides for it."""
    inherited = dict(environ)
    told = {
        "FRONTLINE_DATA_DIR": str(given.data_dir),
        "FRONTLINE_CONFIG": str(given.config),
        "FRONTLINE_NATS_URL": given.nats_url,
        "FRONTLINE_OPS_PORT": "0",
        "FRONTLINE_PARENT_PID": str(os.getpid()),
    }
    for name, file in (("NATS_TOKEN", given.nats_token_file), ("SECRET", given.secret_file)):
        if file is not None:
            inherited.pop(f"FRONTLINE_{name}", None)
            told[f"FRONTLINE_{name}_FILE"] = str(file)
    if not inherited.get("FRONTLINE_DRAIN_SECONDS"):
        told["FRONTLINE_DRAIN_SECONDS"] = _DRAIN_SECONDS
    return {**inherited, **told}
