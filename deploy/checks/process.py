"""Each service as its manifest says, on this machine: what the manifest expects comes true.

NATS is away, comes, goes, comes back; then each is told to end with work in hand. All the while
the probes of the manifest are asked, on the paths that stand there.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from deploy.checks.manifest import Finding, Manifests
from deploy.checks.stand import Server, Stand, server, stand

STARTUP, READINESS, LIVENESS = "startupProbe", "readinessProbe", "livenessProbe"
OK, UNAVAILABLE = 200, 503
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 20.0
_SMALL = {
    "FRONTLINE_REPLICAS": "1",
    "FRONTLINE_INBOX_MIB": "64",
    "FRONTLINE_LOG_MIB": "64",
    "FRONTLINE_OUTBOX_MIB": "64",
    "FRONTLINE_OBJECT_MIB": "64",
}


class Broken(Exception):
    """A promise of the manifest that the process does not keep."""


async def findings(manifests: Manifests, *, only: frozenset[str] = frozenset()) -> list[Finding]:
    """What the services of an overlay (`only` these, if any are named) do otherwise than it says."""
    with tempfile.TemporaryDirectory(prefix="frontline-contract-") as folder:
        async with running(manifests, Path(folder), only=only) as (nats, stands):
            found = []
            try:
                await _contract(manifests, nats, stands, Path(folder))
            except Broken as broken:
                found.append(str(broken))
            return [*found, *(f"nats: {line}" for line in nats.violations())]


@asynccontextmanager
async def running(
    manifests: Manifests, folder: Path, *, only: frozenset[str] = frozenset(), **told: str
) -> AsyncIterator[tuple[Server, list[Stand]]]:
    """All lasting services of an overlay, made ready and not started; nothing of them is left afterwards."""
    nats = server(manifests, folder / "nats")
    chosen = [pods for pods in manifests.pods() if pods.lasting and pods.name != "nats"]
    stands = [stand(manifests, pods, folder, nats=nats.url, **told) for pods in chosen if not only or pods.name in only]
    try:
        yield nats, stands
    finally:
        for each in stands:
            each.kill()
            if each.process is not None:
                await each.process.wait()
        nats.kill()


async def provision(manifests: Manifests, nats: Server, folder: Path) -> None:
    """Run the overlay's Job. Raises `Broken`."""
    [pods] = [pods for pods in manifests.pods() if not pods.lasting]
    job = stand(manifests, pods, folder, nats=nats.url, **_SMALL)
    await job.start()
    code = await job.ended(_PATIENCE_SECONDS)
    if code != 0:
        raise Broken(f"{pods.title}: ended with {code}: {job.log.read_text(encoding='utf-8').strip()}")


async def _contract(manifests: Manifests, nats: Server, stands: list[Stand], folder: Path) -> None:
    async with aiohttp.ClientSession() as session:
        for each in stands:
            await each.start()
        for each in stands:
            probe = each.pods.spec["containers"][0][STARTUP]
            budget = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
            await _becomes(session, each, STARTUP, lambda status: status == OK, budget)
            await _is(session, each, LIVENESS, OK, "NATS is away")
            await _is(session, each, READINESS, UNAVAILABLE, "NATS is away")
        await nats.start()
        await provision(manifests, nats, folder)
        for each in stands:
            await _becomes(session, each, READINESS, lambda status: status == OK)
        nats.kill()
        for each in stands:
            await _becomes(session, each, READINESS, lambda status: status == UNAVAILABLE)
            await _is(session, each, LIVENESS, OK, "NATS has gone")
        await nats.start()
        for each in stands:
            await _becomes(session, each, READINESS, lambda status: status == OK)
        for each in stands:
            await _drain(manifests, session, each)


async def _drain(manifests: Manifests, session: aiohttp.ClientSession, each: Stand) -> None:
    """Told to end: not ready at once, alive to the end, gone in order and in time."""
    container = each.pods.spec["containers"][0]
    drain = float(manifests.environment(container)["FRONTLINE_DRAIN_SECONDS"])
    in_hand = await _mail_in_hand(each) if "smtp" in each.status.listeners else None
    each.end()
    assert each.process is not None
    fallen = False
    ending = asyncio.ensure_future(each.ended(drain + 5))
    while not ending.done():
        ready, alive = await _ask(session, each, READINESS), await _ask(session, each, LIVENESS)
        if fallen and ready == OK:
            raise Broken(f"{each.pods.title}: says again that it is ready while it drains")
        if alive not in {OK, None}:
            raise Broken(f"{each.pods.title}: {LIVENESS} says {alive} while it drains: it would be killed")
        fallen = fallen or ready == UNAVAILABLE
        if fallen and in_hand is not None:
            await _finish(each, *in_hand)
            in_hand = None
        await asyncio.sleep(_LOOK_SECONDS)
    code = ending.result()
    if code != 0:
        raise Broken(f"{each.pods.title}: ended with {code} when it was told to: {_last_words(each)}")
    if in_hand is not None:
        raise Broken(f"{each.pods.title}: ended with a mail in hand, and was never seen to be not ready")


async def _mail_in_hand(each: Stand) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A mail whose last line is still to come."""
    host, _, port = each.status.listeners["smtp"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await reader.readline()
    for line in ("HELO one.example", "MAIL FROM:<a@one.example>", "RCPT TO:<support@frontline.example>", "DATA"):
        writer.write(f"{line}\r\n".encode())
        said = await reader.readline()
        if said[:1] not in b"23":
            raise Broken(f"{each.pods.title}: answers {said!r} to {line}")
    writer.write(b"Subject: in hand\r\nMessage-ID: <in-hand@one.example>\r\n\r\nNearly")
    return reader, writer


async def _finish(each: Stand, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b" done.\r\n.\r\n")
    said = await reader.readline()
    writer.close()
    if not said.startswith(b"250"):
        raise Broken(f"{each.pods.title}: does not take the mail in hand while it drains: {said!r}")


async def _becomes(
    session: aiohttp.ClientSession,
    each: Stand,
    probe: str,
    right: Callable[[int | None], bool],
    seconds: float = _PATIENCE_SECONDS,
) -> None:
    status: int | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                assert each.process is not None
                if each.process.returncode is not None:
                    raise Broken(f"{each.pods.title}: ended with {each.process.returncode}: {_last_words(each)}")
                status = await _ask(session, each, probe)
                if right(status):
                    return
                if status not in {None, OK, UNAVAILABLE}:
                    raise Broken(f"{each.pods.title}: {probe} says {status}: is that a path of it?")
                await asyncio.sleep(_LOOK_SECONDS)
    raise Broken(f"{each.pods.title}: after {seconds:g} s {probe} still says {status}: {_last_words(each)}")


async def _is(session: aiohttp.ClientSession, each: Stand, probe: str, wanted: int, when: str) -> None:
    status = await _ask(session, each, probe)
    if status != wanted:
        raise Broken(f"{each.pods.title}: {probe} says {status} while {when}, not {wanted}")


async def _ask(session: aiohttp.ClientSession, each: Stand, probe: str) -> int | None:
    """The probe's answer, `None` when there is none."""
    path = each.pods.spec["containers"][0][probe]["httpGet"]["path"]
    ops = each.status.ops
    if not ops:
        return None
    try:
        async with session.get(f"http://{ops}{path}", timeout=aiohttp.ClientTimeout(5)) as response:
            return response.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None


def _last_words(each: Stand) -> str:
    lines = each.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
