"""How a command reaches the NATS that runs: by setting, else by what `frontline up` has left word of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

import msgspec

from frontline.contract.error import Mistake, SettingsError, Unavailable
from frontline.runtime.login import Login
from frontline.runtime.settings import RuntimeSettings, load_several

if TYPE_CHECKING:
    from frontline.runtime.bus import Bus

_T = TypeVar("_T")
_CONNECT_SECONDS = 10.0


class _Up(msgspec.Struct):
    nats: str


def on_bus(environ: Mapping[str, str], work: "Callable[[Bus], Awaitable[_T]]") -> _T:
    """What `work` gives on a connection. `SettingsError` when nobody said where NATS is,
    `Unavailable` when it does not answer.
    """
    from frontline.runtime.bus import Bus  # not before it is needed: it takes most of a command's time

    url, login = address(environ)

    async def run() -> _T:
        bus = Bus(name="frontline-command")
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await bus.connect(url, **login.client())
        except TimeoutError as error:
            raise Unavailable(f"NATS does not answer at {url.rpartition('@')[2].removeprefix('nats://')}") from error
        try:
            return await work(bus)
        finally:
            await bus.close()

    return asyncio.run(run())


def address(environ: Mapping[str, str]) -> tuple[str, Login]:
    """URL, and who to be there."""
    settings = cast("RuntimeSettings", load_several([("runtime", RuntimeSettings)], environ)[RuntimeSettings])
    if settings.nats_url:
        return settings.nats_url, settings.nats_login
    file = settings.data_dir / "up.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Up).nats, Login()
    except (OSError, msgspec.DecodeError) as error:
        what = f"is not set, and there is no {file}: is `frontline up` running?"
        raise SettingsError([Mistake("FRONTLINE_NATS_URL", what)]) from error


def secret(settings: RuntimeSettings) -> str:
    """The deployment secret: by setting, else the one that `frontline up` has made."""
    if settings.secret is not None:
        return settings.secret
    file = settings.data_dir / "secret"
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        what = f"is not set, and there is no {file}: `frontline up` makes it at its first start"
        raise SettingsError([Mistake("FRONTLINE_SECRET", what)]) from error
