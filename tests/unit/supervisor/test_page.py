from pathlib import Path

from frontline.configuration.demo import DEMO
from frontline.configuration.load import load_texts
from frontline.runtime.signing import Signer
from frontline.runtime.status import Status
from frontline.supervisor.home import Home
from frontline.supervisor.page import ready_page
from frontline.supervisor.record import up_record

CONFIGURATION = load_texts([("demo.toml", DEMO.encode())])
RECORD = up_record(
    CONFIGURATION,
    Signer(b"a secret of these tests"),
    "nats://the-token@127.0.0.1:4222",
    {
        "router": Status(name="router", pid=1, ops="127.0.0.1:5", listeners={"http": "127.0.0.1:8080"}),
        "intake-email": Status(name="intake-email", pid=2, ops="127.0.0.1:6", listeners={"smtp": "127.0.0.1:2525"}),
    },
    {},
)
PAGE = ready_page(
    CONFIGURATION,
    RECORD,
    Home(Path("/data")),
    absent=("chat", "phone"),
    mail_out="/data/mailbox/",
    seconds=1.23,
    command="frontline",
)


def test_the_page_names_every_address() -> None:
    for address in (
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080/api",
        "127.0.0.1:2525",
        "nats://127.0.0.1:4222",
        "http://127.0.0.1:5/healthz/ready",
    ):
        assert f"  {address}\n" in PAGE


def test_the_page_shows_no_secret() -> None:
    assert "the-token" not in PAGE
    assert all(agent.token not in PAGE for agent in RECORD.agents)


def test_the_page_says_where_mail_goes_out() -> None:
    assert "  /data/mailbox/\n" in PAGE


def test_the_page_tells_which_inboxes_have_no_channel_installed() -> None:
    assert "  support (chat is not installed)\n" in PAGE
    assert "  support@frontline.example\n" in PAGE


def test_the_columns_of_a_table_are_aligned() -> None:
    addresses = PAGE.split("\n\n")[1].splitlines()
    assert len({len(line) - len(line[2:].partition("  ")[2].lstrip()) for line in addresses}) == 1
