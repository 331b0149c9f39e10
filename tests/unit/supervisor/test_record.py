import pytest

from frontline.configuration.demo import DEMO
from frontline.configuration.load import load_texts
from frontline.contract.ids import AgentId
from frontline.runtime.signing import Signer, agent_token
from frontline.runtime.status import Status
from frontline.supervisor.address import reachable, url
from frontline.supervisor.record import UpRecord, up_record
from frontline.supervisor.up import with_token

SIGNER = Signer(b"a secret of these tests")
CONFIGURATION = load_texts([("demo.toml", DEMO.encode())])


def record() -> UpRecord:
    told = {
        "router": Status(name="router", pid=11, ops="127.0.0.1:5", listeners={"http": "0.0.0.0:8080"}),
        "intake-email": Status(name="intake-email", pid=12, ops="127.0.0.1:6", listeners={"smtp": "[::]:2525"}),
    }
    return up_record(CONFIGURATION, SIGNER, "nats://t@127.0.0.1:4222", told, {"up": 10})


def test_addresses_can_be_used_from_this_machine_also_when_a_service_listens_everywhere() -> None:
    assert (record().router, record().smtp) == ("http://127.0.0.1:8080", "[::1]:2525")


def test_channels_that_are_not_installed_are_null() -> None:
    assert (record().chat, record().phone) == (None, None)


def test_every_agent_is_listed_with_a_token_that_the_api_takes() -> None:
    assert [agent.id for agent in record().agents] == ["agent-1", "agent-2", "agent-3"]
    assert record().agents[0].token == agent_token(SIGNER, AgentId("agent-1"), 1)
    assert record().desk == "support"


def test_ops_ports_and_process_ids_are_told_by_name() -> None:
    assert record().ops == {"router": "127.0.0.1:5", "intake-email": "127.0.0.1:6"}
    assert record().pids == {"up": 10, "router": 11, "intake-email": 12}


@pytest.mark.parametrize(
    "told, seen",
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("0.0.0.0:80", "127.0.0.1:80"),
        ("[::]:80", "[::1]:80"),
        ("[fe80::1]:8", "[fe80::1]:8"),
    ],
)
def test_an_address_is_made_reachable(told: str, seen: str) -> None:
    assert reachable(told) == seen
    assert url(told) == f"http://{seen}"


def test_a_url_stays_as_it_was_told() -> None:
    assert url("https://desk.example/api/") == "https://desk.example/api"


def test_the_nats_token_is_the_user_of_the_url() -> None:
    assert with_token("nats://127.0.0.1:4222", "a/b") == "nats://a%2Fb@127.0.0.1:4222"
    assert with_token("nats://x@h:1", "ignored") == "nats://x@h:1"
    assert with_token("nats://h:1", None) == "nats://h:1"
