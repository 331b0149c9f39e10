"""What an operator may set: from the environment, from files with secrets, from one TOML file.

This is the one room that knows the process environment; everybody else is handed values. The
TOML file (`FRONTLINE_SETTINGS`) has a table for each part: `[runtime]`, `[channel.email]`, ...
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import msgspec
from msgspec import inspect

from frontline.configuration.locate import locate
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.secret import Secret as Secret  # noqa: PLC0414 - the kind of some settings below, read from here
from frontline.runtime.login import Login
from frontline.runtime.signing import MINIMUM_BYTES

T = TypeVar("T", bound=msgspec.Struct)

PREFIX = "FRONTLINE_"


class RuntimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every process may be told. `nats_url` and `secret` have no default of use to a service;
    `frontline up` makes both.
    """

    env: Literal["development", "production"] = "development"
    """In `production` the demo desk, the simulator and the local mailbox refuse to start."""
    instance: str = ""
    """Which replica this is, in logs; the host name and process id when unset."""
    config: Path | None = None
    """The desks: a TOML file or a folder of them."""
    data_dir: Path = Path(".frontline")
    """Where this machine keeps what it has to keep itself."""
    nats_url: str | None = None
    """`nats://host:port`."""
    nats_token: Secret | None = None
    """What NATS asks for, if it asks for a token."""
    nats_user: str = ""
    """Who this process is to NATS, if it asks for users."""
    nats_password: Secret | None = None
    """That user's password."""
    secret: Secret | None = None
    """The deployment secret, the same for all processes: what signatures and hashed keys are derived from."""
    ops_host: str = "127.0.0.1"
    """The address that probes and metrics are served on; `0.0.0.0` in a pod."""
    ops_port: int = 0
    """Where probes and metrics are served; 0 is a free port, told in the status file."""
    drain_seconds: float = 8.0
    """How long work in hand may take after SIGTERM."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is logged."""
    log_format: Literal["json", "console"] = "json"
    """`console` is for a developer's eyes: it shows the texts of exceptions, which may quote customers."""
    status_file: Path | None = None
    """Written anew each time that a listener comes or goes: who listens where."""
    parent_pid: int | None = None
    """The process that this one must not outlive."""

    def __post_init__(self) -> None:
        mistakes = []
        if not 0 <= self.ops_port <= 65535:
            mistakes.append(Mistake("ops_port", "must be a port, 0 to 65535"))
        if self.drain_seconds < 0:
            mistakes.append(Mistake("drain_seconds", "must be 0 or more"))
        if self.secret is not None and len(self.secret.encode()) < MINIMUM_BYTES:
            mistakes.append(Mistake("secret", f"needs {MINIMUM_BYTES} bytes at least"))
        if bool(self.nats_user) != (self.nats_password is not None):
            mistakes.append(Mistake("nats_password" if self.nats_user else "nats_user", "is needed with the other"))
        if self.nats_user and self.nats_token is not None:
            mistakes.append(Mistake("nats_token", "is one way to be known, nats_user another: which one is meant?"))
        if mistakes:
            raise SettingsError(mistakes)

    @property
    def nats_login(self) -> Login:
        return Login(token=self.nats_token, user=self.nats_user, password=self.nats_password)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A parsed settings file; `place` gives `file:line` of a path in it."""

    values: Mapping[str, Any]
    place: Callable[[tuple[str, ...]], str]


def environment() -> Mapping[str, str]:
    """The environment of this process; for entry points only, which hand it on."""
    return os.environ


def read_settings_file(environ: Mapping[str, str]) -> SettingsFile | None:
    """The file that `FRONTLINE_SETTINGS` names, if it names one. Raises `SettingsError`."""
    name = environ.get(f"{PREFIX}SETTINGS")
    if not name:
        return None
    try:
        text = Path(name).read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise SettingsError([Mistake(name, f"can't be read: {error.strerror}")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([Mistake(name, f"is not valid TOML: {error}")]) from error
    lines = locate(text)
    return SettingsFile(values, lambda path: f"{name}:{lines.of(path)}")


def load_settings(
    kind: type[T],
    environ: Mapping[str, str],
    *,
    file: SettingsFile | None = None,
    section: str = "",
) -> T:
    """`kind` filled from `FRONTLINE_<FIELD>`, else from the file that `FRONTLINE_<FIELD>_FILE` names,
    else from the table `section` (`channel.email`) of `file`, else from its defaults.

    An empty variable counts as unset; lists are comma-separated in the environment. Raises
    `SettingsError` with every mistake at once. A `__post_init__` of `kind` may raise `ValueError`,
    or `SettingsError` whose `where` are names of fields.
    """
    reading = _Reading(kind, environ, file, tuple(section.split(".")) if section else ())
    return cast("T", reading.result())


def load_several(
    wanted: Sequence[tuple[str, type[msgspec.Struct]]], environ: Mapping[str, str]
) -> dict[type[msgspec.Struct], msgspec.Struct]:
    """Several kinds, each from its section; the mistakes of all of them at once."""
    file = read_settings_file(environ)
    loaded: dict[type[msgspec.Struct], msgspec.Struct] = {}
    mistakes: list[Mistake] = []
    for section, kind in wanted:
        try:
            loaded[kind] = load_settings(kind, environ, file=file, section=section)
        except SettingsError as error:
            mistakes += [mistake for mistake in error.mistakes if mistake not in mistakes]
    if mistakes:
        raise SettingsError(mistakes)
    return loaded


_WRONG = object()


@dataclass(slots=True)
class _Reading:
    """One struct being read."""

    kind: type[Any]
    environ: Mapping[str, str]
    file: SettingsFile | None
    path: tuple[str, ...]
    mistakes: list[Mistake] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)

    def result(self) -> Any:
        fields = msgspec.structs.fields(self.kind)
        table = self._table([each.encode_name for each in fields])
        values = {}
        for each in fields:
            given, value = self._given(each.name, each.encode_name, each.type, table)
            if given:
                values[each.name] = value
            elif each.required:
                self._note(each.name, "is not set and has no default")
        self._wrong_together(values)
        if self.mistakes:
            raise SettingsError(self.mistakes)
        return self.kind(**values)

    def _wrong_together(self, values: Mapping[str, Any]) -> None:
        """What the kind's own check finds; fields that were wrong already stand at their defaults."""
        sound = {name: value for name, value in values.items() if value is not _WRONG}
        if any(each.required and each.name not in sound for each in msgspec.structs.fields(self.kind)):
            return
        try:
            self.kind(**sound)
        except SettingsError as error:
            self.mistakes += [Mistake(self._place(each.where), each.what) for each in error.mistakes]
        except ValueError as error:
            self.mistakes.append(Mistake(".".join(self.path) or self.kind.__name__, str(error)))

    def _table(self, known: list[str]) -> Mapping[str, Any]:
        if self.file is None:
            return {}
        found: Any = self.file.values
        for part in self.path:
            found = found.get(part, {}) if isinstance(found, Mapping) else found
        if not isinstance(found, Mapping):
            self.mistakes.append(Mistake(self.file.place(self.path), f"{'.'.join(self.path)} must be a table"))
            return {}
        for key in found:
            if key not in known:
                what = f"unknown key {key!r}; known here are {', '.join(known)}"
                self.mistakes.append(Mistake(self.file.place((*self.path, key)), what))
        return found

    def _given(self, name: str, key: str, kind: Any, table: Mapping[str, Any]) -> tuple[bool, Any]:
        variable = self._variable(name)
        text, secret_file = self.environ.get(variable, ""), self.environ.get(f"{variable}_FILE", "")
        if text and secret_file:
            self._note(name, f"is set, and so is {variable}_FILE: which one is meant?")
            return True, _WRONG
        if text:
            self.places[name] = variable
            return True, self._convert(name, kind, _split(text) if _is_list(kind) else text)
        if secret_file:
            self.places[name] = f"{variable}_FILE"
            try:
                text = Path(secret_file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                self._note(name, f"names a file that can't be read: {getattr(error, 'strerror', 'not UTF-8')}")
                return True, _WRONG
            return True, self._convert(name, kind, _split(text) if _is_list(kind) else text)
        if key in table:
            assert self.file is not None
            self.places[name] = self.file.place((*self.path, key))
            return True, self._convert(name, kind, table[key])
        return False, None

    def _convert(self, name: str, kind: Any, value: Any) -> Any:
        try:
            return msgspec.convert(value, kind, strict=not isinstance(value, (str, list)), dec_hook=_text_type)
        except (msgspec.ValidationError, ValueError, TypeError) as error:
            self._note(name, _in_words(str(error)))
            return _WRONG

    def _note(self, name: str, what: str) -> None:
        self.mistakes.append(Mistake(self._place(name), what))

    def _place(self, name: str) -> str:
        return self.places.get(name, self._variable(name))

    def _variable(self, name: str) -> str:
        return PREFIX + name.upper()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_list(kind: Any) -> bool:
    lists = (inspect.ListType, inspect.VarTupleType, inspect.TupleType, inspect.SetType, inspect.FrozenSetType)
    info = inspect.type_info(kind)
    return isinstance(info, lists) or (
        isinstance(info, inspect.UnionType) and any(isinstance(part, lists) for part in info.types)
    )


def _text_type(kind: type[Any], value: Any) -> Any:
    """Types that msgspec does not know and that are made from text: `Secret`, `Path`."""
    if not isinstance(value, str):
        raise TypeError("must be text")
    return kind(value)


def _in_words(error: str) -> str:
    """The message of msgspec without its type marks; it never quotes a value, only an enum's."""
    return error.replace("Expected", "must be").replace("`", "").replace(", got str", "")
