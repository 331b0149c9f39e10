"""Services for the tests to start as processes: `python -m tests.integration.runtime.programs <name>`."""

import asyncio
import gc
import subprocess
import sys
from pathlib import Path

import msgspec

from frontline.runtime.service import Service, run_service


class LoftSettings(msgspec.Struct, frozen=True, kw_only=True):
    loft_port: int = 7
    loft_mark: Path = Path("mark")


async def stays(service: Service) -> None:
    service.listening("loft", "127.0.0.1:7")
    await service.stopping.wait()


async def drains(service: Service) -> None:
    """Told to stop, goes on until its mark appears."""
    service.listening("loft", "127.0.0.1:7")
    await service.stopping.wait()
    while not service.section(LoftSettings).loft_mark.exists():
        await asyncio.sleep(0.01)


async def hangs(service: Service) -> None:
    service.listening("loft", "127.0.0.1:7")
    await asyncio.Event().wait()


async def deaf(service: Service) -> None:
    """Hears no cancellation; with its mark, the second one."""
    service.listening("loft", "127.0.0.1:7")
    heard = 0
    while heard < 2 or not service.section(LoftSettings).loft_mark.exists():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard += 1


async def crashes(service: Service) -> None:
    raise RuntimeError("for ada@customer.example only")


async def crashes_beside(service: Service) -> None:
    async def beside() -> None:
        raise RuntimeError("for ada@customer.example only")

    service.spawn(beside(), "beside")
    await service.stopping.wait()


async def ends(service: Service) -> None:
    await service.bus.wait_connected()


async def litters(service: Service) -> None:
    """Has a lot in hand once, then makes garbage that only a search finds."""
    await service.bus.wait_connected()
    kept = gc.get_freeze_count()
    collected: list[int] = []
    gc.callbacks.append(lambda phase, info: collected.append(info["collected"]) if phase == "stop" else None)
    in_hand = [[number] for number in range(5_000)]
    in_hand.clear()
    while_in_hand = len(collected)
    for _ in range(25_000):
        ring: list[object] = []
        ring.append(ring)
    service.log.info("program.littered", kept=kept, while_in_hand=while_in_hand, found=sum(collected))


def parent() -> None:
    """Starts the service `stays` as a child that must not outlive it, and waits."""
    child = subprocess.Popen([sys.executable, "-m", "tests.integration.runtime.programs", "child"])
    print(child.pid, flush=True)
    child.wait()


def main() -> int:
    name = sys.argv[1]
    if name == "parent":
        parent()
        return 0
    program = {"stays": stays, "drains": drains, "hangs": hangs, "deaf": deaf, "crashes": crashes, "ends": ends}
    others = {"crashes_beside": crashes_beside, "child": stays, "litters": litters}
    return run_service(name, {**program, **others}[name], sections={"loft": LoftSettings})


if __name__ == "__main__":
    sys.exit(main())
