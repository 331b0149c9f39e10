"""The skeleton of every service, as processes: probes, signals, crashes, settings."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from frontline.runtime.embedded import EmbeddedServer, ServerConfig
from tests.integration.runtime.process import ROOT, program, started
from tests.integration.runtime.stage import SECRET, until


async def test_a_service_starts_without_nats_and_follows_its_coming_and_going(tmp_path: Path) -> None:
    server = EmbeddedServer(ServerConfig(store=tmp_path / "nats", sync="1s"))
    url = await server.start()
    await server.kill()
    async with started(tmp_path / "service", *program("stays"), nats_url=url) as service:
        assert (await service.get("/healthz/started"))[0] == 200
        assert (await service.get("/healthz/live"))[0] == 200
        status, kind, body = await service.get("/healthz/ready")
        assert (status, kind) == (503, "application/json")
        assert "no connection to NATS" in body
        await server.start()
        await service.becomes("/healthz/ready", 200)
        await server.kill()
        away = await service.becomes("/healthz/ready", 503)
        assert away["reasons"]["nats"].startswith("no connection to NATS: ")
        assert (await service.get("/healthz/live"))[0] == 200
        await server.start()
        await service.becomes("/healthz/ready", 200)
        service.send(signal.SIGTERM)
        assert await service.ended() == 0
    await server.kill()
    assert service.events().count("nats.connected") == 2
    assert service.events().count("nats.lost") == 1


async def test_a_draining_service_is_not_ready_at_once_alive_all_along_and_ends_with_0(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    async with started(tmp_path, *program("drains"), loft_mark=str(mark), drain_seconds="60") as service:
        await service.listens()
        service.send(signal.SIGTERM)
        found = await service.becomes("/healthz/ready", 503)
        while "is draining" not in found["reasons"].get("service", ""):
            found = await service.becomes("/healthz/ready", 503)
        assert (await service.get("/healthz/live"))[0] == 200
        mark.touch()
        assert await service.ended() == 0
    assert service.events()[-2:] == ["service.stopping", "service.stopped"]


async def test_no_garbage_is_looked_for_in_what_is_in_hand_nor_in_the_code_but_what_there_is_is_found(
    tmp_path: Path,
) -> None:
    server = EmbeddedServer(ServerConfig(store=tmp_path / "nats", sync="1s"))
    url = await server.start()
    async with started(tmp_path / "service", *program("litters"), nats_url=url) as service:
        assert await service.ended() == 0
    await server.kill()
    said = next(line for line in service.lines() if line["event"] == "program.littered")
    assert said["kept"] > 10_000
    assert said["while_in_hand"] == 0
    assert 10_000 <= said["found"] <= 25_000


async def test_a_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    async with started(tmp_path, *program("drains"), drain_seconds="3600") as service:
        await service.listens()
        service.send(signal.SIGINT)
        await until(lambda: "service.stopping" in service.events())
        service.send(signal.SIGINT)
        assert await service.ended() == 1


async def test_a_service_that_does_not_finish_in_time_is_cut_off_and_still_ends_with_0(tmp_path: Path) -> None:
    async with started(tmp_path, *program("hangs"), drain_seconds="0.1") as service:
        await service.listens()
        service.send(signal.SIGTERM)
        assert await service.ended() == 0
    assert "service.drain_exceeded" in service.events()


async def test_a_service_that_does_not_hear_that_it_is_cancelled_is_told_again(tmp_path: Path) -> None:
    """As `wait_for` before Python 3.12, and nats-py, may swallow it: the process went on for ever."""
    mark = tmp_path / "mark"
    mark.touch()
    async with started(tmp_path, *program("deaf"), drain_seconds="0.1", loft_mark=str(mark)) as service:
        await service.listens()
        service.send(signal.SIGTERM)
        assert await service.ended() == 0
    assert "service.deaf" not in service.events()


async def test_a_service_that_hears_nothing_ends_as_if_it_had_crashed(tmp_path: Path) -> None:
    async with started(tmp_path, *program("deaf"), drain_seconds="0.1") as service:
        await service.listens()
        service.send(signal.SIGTERM)
        assert await service.ended() == 1
    assert next(line for line in service.lines() if line["event"] == "service.deaf")["tasks"] == ["main"]


async def test_a_crash_ends_the_process_and_is_logged_by_type_and_place(tmp_path: Path) -> None:
    for name in ("crashes", "crashes_beside"):
        async with started(tmp_path / name, *program(name)) as service:
            assert await service.ended() == 1
        crash = next(line for line in service.lines() if line["event"] == "service.crashed")
        assert crash["error"] == "RuntimeError"
        assert "programs.py" in crash["frames"][-1]
        assert "ada@" not in (tmp_path / name / "log").read_text()


async def test_every_mistake_in_every_setting_is_told_and_the_exit_code_says_whose_turn_it_is(tmp_path: Path) -> None:
    async with started(tmp_path, *program("stays"), ops_port="many", loft_port="seven", secret="short") as service:
        assert await service.ended() == 78
    found = {line["where"] for line in service.lines() if line["event"] == "settings.mistake"}
    assert found == {"FRONTLINE_OPS_PORT", "FRONTLINE_LOFT_PORT", "FRONTLINE_SECRET"}
    assert "short" not in (tmp_path / "log").read_text()


async def test_what_a_service_cannot_do_without_is_asked_for(tmp_path: Path) -> None:
    async with started(tmp_path, *program("stays"), nats_url="", secret="") as service:
        assert await service.ended() == 78
    found = {line["where"] for line in service.lines()}
    assert found == {"FRONTLINE_NATS_URL", "FRONTLINE_SECRET"}


@pytest.mark.parametrize("url", ["nats://127.0.0.1:port", "://"])
async def test_a_url_that_can_never_work_is_a_mistake(tmp_path: Path, url: str) -> None:
    async with started(tmp_path, *program("stays"), nats_url=url) as service:
        assert await service.ended() == 78
    assert [line["where"] for line in service.lines() if line["event"] == "settings.mistake"] == ["FRONTLINE_NATS_URL"]


async def test_an_ops_port_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    async with started(tmp_path / "one", *program("stays")) as one:
        status = await one.listens()
        taken = status.ops.rpartition(":")[2]
        async with started(tmp_path / "two", *program("stays"), ops_port=taken) as two:
            assert await two.ended() == 1


async def test_the_status_file_says_who_listens_where(tmp_path: Path) -> None:
    async with started(tmp_path, *program("stays")) as service:
        status = await service.listens()
        assert (status.name, status.pid, status.listeners) == ("stays", service.pid, {"loft": "127.0.0.1:7"})
        assert (await service.get("/healthz/live"))[0] == 200


async def test_metrics_come_as_the_asker_likes_them(tmp_path: Path) -> None:
    async with started(tmp_path, *program("stays")) as service:
        _, kind, text = await service.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        assert kind.startswith("application/openmetrics-text")
        assert text.endswith("# EOF\n")
        _, kind, text = await service.get("/metrics")
        assert kind.startswith("text/plain")
        assert 'frontline_build_info{service="stays",version=' in text


async def test_a_service_that_has_nothing_more_to_do_ends_with_0(nats: EmbeddedServer, tmp_path: Path) -> None:
    async with started(tmp_path, *program("ends"), nats_url=nats.url) as service:
        assert await service.ended() == 0


async def test_a_service_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """The parent is killed: it can't tell anybody."""
    environ = {
        "PYTHONPATH": str(ROOT),
        "FRONTLINE_SECRET": SECRET,
        "FRONTLINE_NATS_URL": "nats://127.0.0.1:9",
        "FRONTLINE_STATUS_FILE": str(tmp_path / "status.json"),
    }
    script = (
        "import os, runpy, sys; os.environ['FRONTLINE_PARENT_PID'] = str(os.getpid());"
        "sys.argv = ['programs', 'parent']; runpy.run_module('tests.integration.runtime.programs', run_name='__main__')"
    )
    with (tmp_path / "log").open("wb") as log:
        parent = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, env=environ, stdout=subprocess.PIPE, stderr=log
        )
        assert parent.stdout is not None
        child = int(await parent.stdout.readline())
        await until(lambda: "service.listening" in (tmp_path / "log").read_text())
        parent.kill()
        await parent.wait()
        await until(lambda: "service.stopped" in (tmp_path / "log").read_text())
        await until(lambda: not Path(f"/proc/{child}").exists())
