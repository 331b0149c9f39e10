import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontline.contract.ids import AgentId
from frontline.runtime.bus import Bus
from frontline.runtime.signing import Signer, agent_token
from frontline.testing.nats_server import nats_server
from tests.integration.supervisor.running import Running, environment, eventually, left, up
from tests.integration.supervisor.site import install


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        **environment(router_port="0", smtp_port="0", chat_port="0", phone_port="0"),
        "PYTHONPATH": str(install(tmp_path_factory.mktemp("site"))),
    }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Iterator[Running]:
    """One for the tests that leave it as they found it."""
    with up(tmp_path_factory.mktemp("shared") / "data", environ) as running:
        running.record()
        yield running


@pytest.fixture
def running(tmp_path: Path, environ: dict[str, str]) -> Iterator[Running]:
    with up(tmp_path / "data", environ) as running:
        running.record()
        yield running


def host_and_port(url: str) -> tuple[str, int]:
    host, _, port = url.rpartition("/")[2].rpartition("@")[2].rpartition(":")
    return host, int(port)


def reachable(address: str) -> bool:
    with socket.create_connection(host_and_port(address), timeout=5):
        return True


def test_up_json_tells_all_that_the_issue_of_it_needs_and_is_private(shared: Running) -> None:
    record = shared.record()
    secret = (shared.data / "secret").read_text().strip()
    assert stat.S_IMODE((shared.data / "up.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(shared.data.stat().st_mode) == 0o700
    assert record["nats"].startswith("nats://")
    assert reachable(record["nats"])
    assert reachable(record["router"])
    assert reachable(record["smtp"])
    assert reachable(record["chat"])
    assert record["desk"] == "support"
    assert record["agents"] == [
        {
            "id": f"agent-{number}",
            "name": f"Demo agent {number}",
            "token": agent_token(Signer(secret.encode()), AgentId(f"agent-{number}"), 1),
        }
        for number in (1, 2, 3)
    ]
    assert set(record["ops"]) >= {"router", "intake-chat", "intake-email"}


def test_the_terminal_shows_addresses_and_what_to_try(shared: Running) -> None:
    record = shared.record()
    page = eventually(lambda: shared.output if "\nTry\n" in shared.output else None, "the page")
    for address in (record["router"], record["smtp"], *record["ops"].values()):
        assert address in page
    assert "chat is not installed" not in page


def test_the_nats_token_is_in_no_argument_log_or_output_and_needed(shared: Running) -> None:
    record = shared.record()
    token = record["nats"].removeprefix("nats://").partition("@")[0]
    assert len(token) >= 24
    assert not [text for text in all_but_up_json(shared) if token.encode() in text]
    with (
        socket.create_connection(host_and_port(record["nats"]), timeout=5) as stranger,
        stranger.makefile("rb") as told,
    ):
        assert told.readline().startswith(b"INFO ")
        stranger.sendall(b"CONNECT {}\r\nPING\r\n")
        assert told.readline() == b"-ERR 'Authorization Violation'\r\n"


def all_but_up_json(running: Running) -> Iterator[bytes]:
    """Everything that others could come to see."""
    for pid in running.record()["pids"].values():
        for name in ("cmdline", "environ"):
            if Path("/proc/self").exists():
                yield Path(f"/proc/{pid}/{name}").read_bytes()
    for file in (running.out, *(running.data / "log").iterdir(), running.data / "nats" / "nats-server.log"):
        yield file.read_bytes()


@pytest.mark.parametrize("name", ["router", "intake-email", "nats-server"])
def test_a_process_killed_hard_is_started_again_and_up_json_tells_where_it_is_now(shared: Running, name: str) -> None:
    former = shared.record()
    os.kill(former["pids"][name], signal.SIGKILL)
    record = shared.record_after(name, former["pids"][name])
    assert reachable(record["router"])
    assert reachable(record["smtp"])
    assert record["nats"] == former["nats"]
    assert reachable(record["nats"])
    assert f"{name} was ended by SIGKILL" in shared.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_everything_in_time_and_leaves_no_process(running: Running, number: signal.Signals) -> None:
    began = time.monotonic()
    assert running.stop(number) == 0
    assert time.monotonic() - began < 10
    assert left(running.data) == []
    assert not (running.data / "up.json").exists()
    assert list((running.data / "run").iterdir()) == []
    assert running.output.endswith("Stopping\n")


def test_a_supervisor_killed_hard_leaves_no_process_and_the_next_one_starts(
    running: Running, environ: dict[str, str]
) -> None:
    running.process.kill()
    running.process.wait()
    eventually(lambda: not left(running.data), "no process left")
    with up(running.data, environ) as again:
        former = running.process.pid
        assert again.record_after("up", former)["pids"]["up"] == again.process.pid
        assert again.stop() == 0


def test_what_is_kept_survives_a_restart(running: Running, environ: dict[str, str]) -> None:
    secret = (running.data / "secret").read_bytes()
    tokens = running.record()["agents"]
    streams = sorted(path.name for path in (running.data / "nats").glob("jetstream/*/streams/*"))
    assert "DESK_support" in streams
    assert running.stop() == 0
    with up(running.data, environ) as again:
        assert again.record()["agents"] == tokens
        assert (running.data / "secret").read_bytes() == secret
        assert sorted(path.name for path in (running.data / "nats").glob("jetstream/*/streams/*")) == streams


def test_a_second_up_on_the_same_directory_refuses_and_disturbs_nothing(
    shared: Running, environ: dict[str, str]
) -> None:
    record = shared.record()
    with up(shared.data, environ, alone=False) as second:
        assert second.process.wait(60) == 2
        assert f"in use by another `frontline up` (process {shared.process.pid})" in second.output
        assert shared.record() == record


def test_services_with_wrong_settings_stop_the_start_and_all_mistakes_are_told(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    wrong = {**environ, "FRONTLINE_PIGEONS": "many", "FRONTLINE_LOG_LEVEL": "loud"}
    with up(tmp_path / "data", wrong) as running:
        assert running.process.wait(60) == 2
        assert "FRONTLINE_LOG_LEVEL" in running.output
        assert "Traceback" not in running.output
    with up(tmp_path / "data", {**environ, "FRONTLINE_PIGEONS": "many"}) as running:
        assert running.process.wait(60) == 2
        assert "FRONTLINE_PIGEONS: must be int" in running.output
        assert left(running.data) == []


def test_a_port_in_use_is_told_before_anything_is_started(tmp_path: Path, environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with up(tmp_path / "data", {**environ, "FRONTLINE_ROUTER_PORT": str(port)}) as running:
            assert running.process.wait(60) == 2
            assert running.output == (
                f"FRONTLINE_ROUTER_PORT: {port} is in use by another program: end that one, or choose another"
                " (0: any free one)\n"
            )
            assert not (running.data / "nats").exists()


async def test_a_nats_server_of_the_operator_is_used_and_left_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    async with nats_server(tmp_path / "nats", token="theirs") as server:
        told = {"FRONTLINE_NATS_URL": server.url, "FRONTLINE_NATS_TOKEN": "theirs", "FRONTLINE_OBJECT_MIB": "64"}
        with up(tmp_path / "data", {**environ, **told}) as running:
            record = running.record()
            assert record["nats"] == server.url.replace("//", "//theirs@")
            assert "nats-server" not in record["pids"]
            assert running.stop() == 0
        bus = Bus(name="test")
        await bus.connect(server.url, token="theirs")
        assert (await bus.nc.jetstream().stream_info("DESK_support")).config.name == "DESK_support"
        await bus.close()


def test_a_stop_while_it_waits_for_nats_ends_it(tmp_path: Path, environ: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"nats://127.0.0.1:{taken.getsockname()[1]}"
        with up(tmp_path / "data", {**environ, "FRONTLINE_NATS_URL": url}) as running:
            eventually(lambda: "Waiting for NATS at 127.0.0.1" in running.output, "the wait is told")
            assert running.stop() == 0


def test_parked_items_are_reached_by_what_up_left_word_of(shared: Running, environ: dict[str, str]) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "frontline", "parked", "list"],
        env={**environ, "FRONTLINE_DATA_DIR": str(shared.data)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "Nothing is parked.\n"
