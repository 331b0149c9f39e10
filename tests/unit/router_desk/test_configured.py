"""A configuration comes into force in a process when a desk's log has it and the process's own file says it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from frontline.configuration.model import Configuration, Desk
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.ids import DeskId
from router.desk import configured
from router.desk.configured import Configured
from router.desk.figures import RouterFigures

SUPPORT = DeskId("support")
ONE = Configuration(version=1, desks=(Desk(id=SUPPORT, name="One"),))
TWO = Configuration(version=2, desks=(Desk(id=SUPPORT, name="Two"),))
THREE = Configuration(version=3, desks=(Desk(id=SUPPORT, name="Three"),))


class Noted:
    """A log that can be waited for."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self._more = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))

    warning = error = info

    def said(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.lines if name == event]


class Process:
    """`file` is what the file says, or why it can't be read; `asked` what the desks were asked to take."""

    def __init__(self, file: Configuration | SettingsError, current: Configuration = ONE) -> None:
        self.file = file
        self.asked: list[int] = []
        self.answer: Sequence[tuple[DeskId, str]] = ((SUPPORT, ""),)
        self.log = Noted()
        self.registry = CollectorRegistry()
        self.configured = Configured(current, self._read, self.log, RouterFigures(self.registry))
        self.taken_over: asyncio.Queue[int] = asyncio.Queue()
        self.configured.when_taken_over(lambda it: self.taken_over.put_nowait(it.version))

    async def _read(self) -> Configuration:
        if isinstance(self.file, SettingsError):
            raise self.file
        return self.file

    async def apply(self, configuration: Configuration) -> Sequence[tuple[DeskId, str]]:
        self.asked.append(configuration.version)
        if self.answer and not self.answer[0][1]:
            self.configured.log_has(configuration.version)
        return self.answer

    def reloads(self, outcome: str) -> float:
        return self.registry.get_sample_value("frontline_router_reloads_total", {"outcome": outcome}) or 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.configured.run())
            yield
            task.cancel()


async def test_a_newer_file_is_asked_for_and_taken_over_once_the_log_has_it() -> None:
    process = Process(TWO)
    async with process.running():
        assert await process.configured.reload(process.apply) == "taken"
        assert await process.taken_over.get() == 2
    desk = process.configured.desk(SUPPORT)
    assert desk is not None
    assert desk.name == "Two"
    assert process.registry.get_sample_value("frontline_router_configuration_version") == 2
    assert await process.configured.reload(lambda _: _nobody()) == "unchanged"


async def _nobody() -> Sequence[tuple[DeskId, str]]:
    """Every desk has it already."""
    return ()


async def test_what_a_desk_refuses_is_not_in_force_here_either() -> None:
    process = Process(TWO)
    process.answer = ((SUPPORT, "agent a is there twice"),)
    async with process.running():
        assert await process.configured.reload(process.apply) == "refused"
    assert process.configured.current == ONE
    assert process.log.said("configuration.refused") == [
        {"desk": SUPPORT, "version": 2, "why": "agent a is there twice"}
    ]


async def test_a_file_with_mistakes_changes_nothing_and_each_is_told_with_its_place() -> None:
    process = Process(SettingsError([Mistake("desks.toml:3", "no such lane"), Mistake("desks.toml:9", "no such desk")]))
    assert await process.configured.reload(process.apply) == "mistaken"
    assert (process.configured.current, process.asked) == (ONE, [])
    assert [line["where"] for line in process.log.said("configuration.mistake")] == ["desks.toml:3", "desks.toml:9"]
    assert process.reloads("mistaken") == 1


async def test_a_changed_file_under_the_same_or_a_lower_version_is_refused() -> None:
    for file in (msgspec.structs.replace(ONE, desks=()), ONE):
        process = Process(file, current=ONE if file != ONE else TWO)
        assert await process.configured.reload(process.apply) == "not_newer"
        assert process.asked == []


async def test_a_file_that_was_newer_than_the_log_at_the_start_is_applied_when_somebody_says_so() -> None:
    process = Process(TWO, current=TWO)
    process.configured.log_has(1)
    assert await process.configured.reload(process.apply) == "taken"
    assert process.asked == [2]


async def test_a_process_that_sees_another_version_in_a_log_reads_its_own_file_again() -> None:
    process = Process(TWO)
    async with process.running():
        process.configured.log_has(2)
        assert await process.taken_over.get() == 2


@pytest.mark.parametrize("file", [ONE, THREE, SettingsError([Mistake("desks.toml:1", "not valid TOML")])])
async def test_where_files_differ_the_log_wins_and_this_one_goes_on_with_what_it_has_and_says_so(
    file: Configuration | SettingsError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configured, "_AGAIN_SECONDS", 0.01)
    process = Process(file)
    async with process.running():
        process.configured.log_has(2)
        while not process.log.said("configuration.behind"):
            await asyncio.sleep(0)
        assert process.configured.current == ONE
        process.file = TWO  # whoever puts it there has put it there
        assert await process.taken_over.get() == 2
    assert len(process.log.said("configuration.behind")) == 1


async def test_a_log_of_an_older_version_than_the_file_at_the_start_takes_nothing_back() -> None:
    process = Process(TWO, current=TWO)
    async with process.running():
        process.configured.log_has(1)
        await asyncio.sleep(0)
    assert process.configured.current == TWO
