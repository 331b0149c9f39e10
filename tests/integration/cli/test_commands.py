from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontline.contract import subject
from frontline.contract.ids import AgentId, ChannelName, InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.parked import list_parked, park
from frontline.runtime.signing import Signer, agent_token
from tests.integration.cli.command import frontline


def test_help_names_every_command(tmp_path: Path) -> None:
    told = frontline("--help", cwd=tmp_path)
    assert told.returncode == 0
    for command in ("up", "init", "config", "token", "channel", "service", "parked", "erase", "replay", "nats"):
        assert f"\n    {command} " in told.stdout


def test_what_init_writes_is_right_and_is_never_written_over(tmp_path: Path) -> None:
    assert frontline("init", cwd=tmp_path).returncode == 0
    checked = frontline("config", "check", "frontline.toml", cwd=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "frontline.toml is right: 1 desk, 1 inbox, 1 agent, 1 policy\n")
    again = frontline("init", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (
        2,
        "frontline.toml: is there already and stays as it is; name another\n",
    )


def test_config_check_lists_every_mistake_with_its_line_and_fails(tmp_path: Path) -> None:
    (tmp_path / "desk.toml").write_text('[[desk]]\nid = "A B"\ncolour = "red"\n')
    told = frontline("config", "check", cwd=tmp_path, environ={"FRONTLINE_CONFIG": "desk.toml"})
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["desk.toml:2:", "desk.toml:3:", "2"]
    assert told.stderr == ""


def test_the_token_of_an_agent_is_the_one_that_the_api_takes(tmp_path: Path) -> None:
    secret = "a secret for this test"
    told = frontline("token", "agent-2", cwd=tmp_path, environ={"FRONTLINE_SECRET": secret})
    assert told.stdout == agent_token(Signer(secret.encode()), AgentId("agent-2"), 1) + "\n"


@pytest.mark.parametrize(
    "arguments, told",
    [
        (("token", "agent-1"), "FRONTLINE_SECRET: is not set, and there is no .frontline/secret"),
        (("token", "nobody"), "nobody: is no agent of this configuration; it has: agent-1, agent-2, agent-3"),
        (("parked", "list"), "FRONTLINE_NATS_URL: is not set, and there is no .frontline/up.json"),
        (("service", "run", "nothing"), "nothing: is not installed"),
        (("config", "check"), "FRONTLINE_CONFIG: is not set"),
    ],
)
def test_a_mistake_of_the_operator_is_told_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = frontline(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(told)
    assert len(result.stderr.splitlines()) == 1


def test_up_refuses_the_demo_desk_in_production(tmp_path: Path) -> None:
    result = frontline("up", cwd=tmp_path, environ={"FRONTLINE_ENV": "production"})
    assert result.returncode == 2
    assert result.stderr.startswith("FRONTLINE_CONFIG: is not set, and the demo desk does not start in production")
    assert list(tmp_path.iterdir()) == []


def reach(nats: EmbeddedServer) -> dict[str, str]:
    return {"FRONTLINE_NATS_URL": nats.url, "FRONTLINE_STORAGE_GIB": "1", "FRONTLINE_OBJECT_MIB": "64"}


def test_provision_says_what_it_would_do_then_does_it_then_has_nothing_to_do(
    nats: EmbeddedServer, tmp_path: Path
) -> None:
    plan = frontline("nats", "provision", "--dry-run", cwd=tmp_path, environ=reach(nats))
    assert plan.returncode == 1
    planned = [line.split()[:2] for line in plan.stdout.splitlines()[1:]]
    assert ["create", "DESK_support"] in planned
    done = frontline("nats", "provision", cwd=tmp_path, environ=reach(nats))
    assert done.returncode == 0
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == planned
    again = frontline("nats", "provision", "--dry-run", cwd=tmp_path, environ=reach(nats))
    assert (again.returncode, again.stdout) == (0, "NATS holds all that is needed.\n")


def test_provision_names_the_streams_that_differ(nats: EmbeddedServer, tmp_path: Path) -> None:
    frontline("nats", "provision", cwd=tmp_path, environ=reach(nats))
    plan = frontline(
        "nats", "provision", "--dry-run", cwd=tmp_path, environ=reach(nats) | {"FRONTLINE_OBJECT_MIB": "128"}
    )
    assert [line.split()[:2] for line in plan.stdout.splitlines()[1:]] == [
        ["update", "OBJ_ORIGINALS"],
        ["update", "OBJ_ATTACHMENTS"],
        ["update", "OBJ_SNAPSHOTS"],
    ]


async def put_aside(bus: Bus, payload: bytes = b'{"a":1}') -> int:
    return await park(
        bus,
        service="intake-pigeon",
        reason="flawed",
        origin=subject.inbound(ChannelName("pigeon"), InboxId("loft")),
        payload=payload,
        error="no address on the leg",
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ids={"message": "m-1"},
    )


async def test_parked_list_shows_each_item_on_a_line(provisioned: Bus, nats: EmbeddedServer, tmp_path: Path) -> None:
    assert frontline("parked", "list", cwd=tmp_path, environ=reach(nats)).stdout == "Nothing is parked.\n"
    first, second = await put_aside(provisioned), await put_aside(provisioned)
    lines = frontline("parked", "list", cwd=tmp_path, environ=reach(nats)).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ID", str(first), str(second)]
    assert lines[1].endswith("intake-pigeon  flawed  no address on the leg")
    other = frontline("parked", "list", "--service", "router", cwd=tmp_path, environ=reach(nats))
    assert other.stdout == "Nothing is parked.\n"


async def test_parked_show_tells_all_and_the_raw_content_byte_for_byte(
    provisioned: Bus, nats: EmbeddedServer, tmp_path: Path
) -> None:
    number = str(await put_aside(provisioned, b"\x1b[31m caf\xc3\xa9\n"))
    told = frontline("parked", "show", number, cwd=tmp_path, environ=reach(nats)).stdout
    assert "from: inbound.pigeon.loft\nerror: no address on the leg\nmessage: m-1\n" in told
    assert told.endswith("\\x1b[31m café\n\n")
    assert frontline("parked", "show", number, "--raw", cwd=tmp_path, environ=reach(nats)).stdout == "\x1b[31m café\n"


async def test_a_released_item_goes_back_to_where_it_came_from(
    provisioned: Bus, nats: EmbeddedServer, tmp_path: Path
) -> None:
    number = await put_aside(provisioned)
    told = frontline("parked", "release", str(number), cwd=tmp_path, environ=reach(nats))
    assert (told.returncode, told.stdout) == (0, f"{number} released\n")
    assert await list_parked(provisioned) == []
    assert (await provisioned.nc.jetstream().get_msg("INBOX_pigeon", 1)).data == b'{"a":1}'


async def test_a_dropped_item_is_gone_and_needs_a_reason(
    provisioned: Bus, nats: EmbeddedServer, tmp_path: Path
) -> None:
    number = await put_aside(provisioned)
    assert frontline("parked", "drop", str(number), cwd=tmp_path, environ=reach(nats)).returncode == 2
    assert len(await list_parked(provisioned)) == 1
    told = frontline("parked", "drop", str(number), "--reason", "spam", cwd=tmp_path, environ=reach(nats))
    assert told.returncode == 0
    assert await list_parked(provisioned) == []


async def test_what_is_not_parked_is_said_to_be_not_there(
    provisioned: Bus, nats: EmbeddedServer, tmp_path: Path
) -> None:
    for command in (("show", "7"), ("release", "7"), ("drop", "7", "--reason", "x")):
        told = frontline("parked", *command, cwd=tmp_path, environ=reach(nats))
        assert (told.returncode, told.stderr.splitlines()[-1]) == (1, "nothing is parked under 7")
