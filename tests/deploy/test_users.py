"""The NATS users of the manifests: the file is true, the services can do their work, and nobody can do more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.checks.process import provision, running
from deploy.checks.server import ROUTES, password
from deploy.checks.stand import Server, Stand, free_port, server
from deploy.nats import users
from frontline.configuration.load import load
from frontline.contract.codec import encode
from frontline.contract.customer import Person
from frontline.contract.erasure import Name
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.journal import Journal
from frontline.runtime.login import Login
from frontline.runtime.objects import Objects
from frontline.runtime.reader import read
from frontline.runtime.signing import Signer, agent_token
from frontline.runtime.topology import TRANSCRIPT, TRANSCRIPT_PUBLIC, stream_configs, topology
from router.desk.erasing_contacts import erase_contacts
from router.desk.erasing_customers import erase_customer
from router.desk.erasing_moved import NOTHING
from router.desk.remnants import places
from tests.deploy.overlays import DEPLOY, overlay
from tests.e2e.running import mail, mail_sink, until

DESKS = DEPLOY / "kubernetes/base/desks.toml"
RENDERED = DEPLOY / "kubernetes/base/nats/users.conf"
ADMIN = "provision"


def test_the_rendered_file_is_what_the_desks_need() -> None:
    assert users.main([str(DESKS), "--check", str(RENDERED)]) == 0, f"python -m deploy.nats.users {DESKS} > {RENDERED}"


def test_a_file_that_is_out_of_date_is_told(tmp_path: Path) -> None:
    stale = tmp_path / "users.conf"
    stale.write_text(RENDERED.read_text().replace('"command.support.*"', '"command.*.*"'))
    assert users.main([str(DESKS), "--check", str(stale)]) == 1


def test_every_stream_is_made_by_one_user_and_read_or_written_by_another() -> None:
    configuration = load(DESKS)
    desks = [desk.id for desk in configuration.desks]
    everybody = users.users(configuration.channels, desks)
    others = " ".join(subject for user in everybody if user.name != users.PROVISION for subject in user.publish)
    for config in stream_configs(topology(configuration.channels, desks)):
        assert config.name is not None
        kept_for_later = config.name == "OBJ_SNAPSHOTS"
        assert config.name in others or kept_for_later, f"nobody has a right to {config.name}"


@pytest.mark.parametrize("right", [">", "_INBOX.>", "$JS.API.>", "$JS.>", "$SYS.>", "$KV.>", "inbound.>"])
def test_nobody_has_a_right_without_bounds(right: str) -> None:
    for user in users.users([ChannelName("email")], [DeskId("support")]):
        assert right not in [*user.publish, *user.subscribe]


def test_an_intake_notes_how_far_it_has_come_below_its_own_name_only() -> None:
    for user in users.users([ChannelName("email"), ChannelName("chat")], [DeskId("support")]):
        noted = [subject for subject in user.publish if subject.startswith("$KV.CHECKPOINTS.")]
        channel = user.name.removeprefix("intake-")
        assert noted == ([f"$KV.CHECKPOINTS.{channel}.>"] if user.name.startswith("intake-") else [])


@asynccontextmanager
async def provisioned(folder: Path) -> AsyncIterator[Server]:
    """The overlay's NATS with all of its streams."""
    manifests = overlay()
    nats = server(manifests, folder / "nats")
    await nats.start()
    try:
        await provision(manifests, nats, folder)
        yield nats
    finally:
        nats.kill()


@asynccontextmanager
async def client(nats: Server, user: str) -> AsyncIterator[Bus]:
    bus = Bus(name=user, ack_deadline=1)
    await bus.connect(nats.url, **Login(user=user, password=password(user)).client())
    try:
        yield bus
    finally:
        await bus.close()


async def test_an_intake_reads_what_customers_may_see_and_no_notes(tmp_path: Path) -> None:
    async with provisioned(tmp_path) as nats, client(nats, "router") as router, client(nats, "intake-chat") as chat:
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def take(msg: Any) -> None:
            heard.put_nowait(msg.subject)

        for subject in ("live.c1.int", "live.c1.pub", "live.>", "transcript.>", "public.c1"):
            await chat.nc.subscribe(subject, cb=take)
        await chat.nc.flush()
        await router.publish("transcript.c1.int", b"a note")
        await router.publish("transcript.c1.pub", b"hello")
        assert await heard.get() == "public.c1"
        assert heard.empty()

        async def public() -> list[bytes]:
            return [item.data async for item in read(chat, TRANSCRIPT_PUBLIC, "transcript.c1.*")]

        assert await until(public) == [b"hello"]
        with pytest.raises(Unavailable):
            [item async for item in read(chat, TRANSCRIPT, "transcript.c1.int", timeout=0.3)]
    refused = " ".join(nats.violations())
    assert all(f'"{subject}"' in refused for subject in ("live.c1.int", "live.>", "transcript.>"))


async def test_the_router_may_erase_a_customer_from_every_store(tmp_path: Path) -> None:
    signer, desk = Signer(b"a secret of these tests only"), DeskId("support")
    contact, customer = ContactId("c1"), CustomerId("u1")
    async with provisioned(tmp_path) as nats, client(nats, "router") as router:
        await router.publish("transcript.c1.pub", b"hello")
        await router.publish(f"$KV.CUSTOMERS.person.{customer}", encode(Person(id=customer)))
        await Journal(router).ask_for(Name(desk, "contact", contact), datetime.now(UTC))
        await erase_contacts(router, signer, desk, [contact], NOTHING)
        await erase_customer(router, signer, customer, CustomerId("u2"))
        await Objects(router).erase("ORIGINALS", "m1/0")
        assert await places(router, ["OUTBOX", "TRANSFERS", "INBOX_email", "INBOX_chat"]) == {}
        assert nats.violations() == []


FORBIDDEN = {
    "another channel's messages": ("intake-chat", "inbound.email.support"),
    "a decision": ("intake-chat", "desk.support.log"),
    "a transcript": ("intake-email", "transcript.c1.pub"),
    "a draft": ("intake-email", "draft.support"),
    "a command": ("intake-chat", "command.support.1"),
    "an event": ("intake-chat", "event.support.contact_opened"),
    "another's parked item": ("intake-chat", "parked.router.poison"),
    "the directory": ("intake-email", "$KV.DIRECTORY.email.support"),
    "a customer": ("intake-email", "$KV.CUSTOMERS.x"),
    "a lease": ("intake-email", "$KV.LEASES.support"),
    "others' replies, for good": ("intake-email", "$JS.API.STREAM.MSG.DELETE.OUTBOX"),
    "what was said, for good": ("intake-chat", "$JS.API.STREAM.MSG.DELETE.TRANSCRIPT_PUBLIC"),
    "a stream that goes": ("router", "$JS.API.STREAM.DELETE.TRANSCRIPT"),
    "a stream that is emptied": ("router", "$JS.API.STREAM.PURGE.TRANSCRIPT"),
    "a stream that is changed": ("router", "$JS.API.STREAM.UPDATE.TRANSCRIPT"),
    "a message of whoever makes streams": ("provision", "inbound.email.support"),
    "a reader for whoever makes streams": ("provision", "$JS.API.DIRECT.GET.TRANSCRIPT"),
    "another's replies": ("intake-chat", "$JS.API.CONSUMER.MSG.NEXT.OUTBOX.deliver-email"),
    "another's replies by one's own consumer": (
        "intake-chat",
        "$JS.API.CONSUMER.CREATE.OUTBOX.deliver-chat.outbound.email.>",
    ),
    "a consumer whose filter nobody sees": ("intake-chat", "$JS.API.CONSUMER.CREATE.OUTBOX.deliver-chat"),
    "a consumer of the old kind": ("intake-chat", "$JS.API.CONSUMER.DURABLE.CREATE.OUTBOX.deliver-chat"),
    "customers' messages": ("intake-chat", "$JS.API.CONSUMER.MSG.NEXT.INBOX_chat.desk-support"),
    "an answer in another's name": ("intake-chat", "_INBOX_router.x.1"),
}


async def test_what_a_user_may_not_do_is_refused(tmp_path: Path) -> None:
    async with provisioned(tmp_path) as nats:
        for name in ("intake-chat", "intake-email", "router", "provision"):
            async with client(nats, name) as bus:
                for user, subject in FORBIDDEN.values():
                    if user == name:
                        await bus.nc.publish(subject, b"{}", reply=f"{Login(user=user).inbox}.never")
                        await bus.nc.flush()
        refused = nats.violations()
    for what, (user, subject) in FORBIDDEN.items():
        assert any(f"user:{user}" in line and f'"{subject}"' in line for line in refused), what


async def test_mail_comes_in_and_a_reply_goes_out_with_the_rights_of_the_manifests(tmp_path: Path) -> None:
    manifests = overlay()
    only = frozenset({"router", "intake-email"})
    async with (
        mail_sink() as sink,
        running(manifests, tmp_path, only=only, FRONTLINE_SMTP_RELAY=sink.address) as (nats, stands),
    ):
        await nats.start()
        await provision(manifests, nats, tmp_path)
        for each in stands:
            await each.start()
        router, email = (next(each for each in stands if each.name == name) for name in ("router", "intake-email"))
        async with aiohttp.ClientSession() as session:
            for each in stands:
                await until(lambda each=each: _ready(session, each))  # type: ignore[misc]
            base = f"http://{router.status.listeners['http']}/api"
            headers = {"Authorization": f"Bearer {_token('agent-1')}"}

            async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> Any:
                key = {"Idempotency-Key": path} if method == "POST" else {}
                async with session.request(method, base + path, json=body, headers=headers | key) as response:
                    return await response.json() if response.status < 300 else None

            assert await ask("PUT", "/me/availability", {"state": "available"}) is not None
            await asyncio.to_thread(_send, email, mail("Rights", "Who may?", message_id="<r1@one.example>"))
            [contact] = await until(lambda: _assigned(ask))
            # A leader that is just beginning says 503, and to send it again.
            reply = f"/contacts/{contact['id']}/replies"
            assert await until(lambda: ask("POST", reply, {"text": "You may."}))
            [answer] = await sink.have(1)
            assert answer["Subject"] == "Re: Rights"

            async def delivered() -> bool:
                listed = await ask("GET", f"/contacts/{contact['id']}/transcript")
                return any(item["direction"] == "out" and item["delivery"] == "sent" for item in listed["items"])

            assert await until(delivered)
        for each in stands:
            each.end()
        assert [await each.ended(30) for each in stands] == [0] * len(stands)
        assert nats.violations() == []


async def _ready(session: aiohttp.ClientSession, each: Stand) -> bool:
    if not each.status.ops:
        return False
    async with session.get(f"http://{each.status.ops}/healthz/ready") as response:
        return response.status == 200


async def _assigned(ask: Any) -> list[dict[str, Any]]:
    page = await ask("GET", "/contacts?limit=10")
    return [contact for contact in page["items"] if contact["assignment"]] if page else []


def _token(agent: str) -> str:
    return agent_token(Signer(password("secret").encode()), AgentId(agent), 1)


def _send(email: Stand, message: Any) -> None:
    import smtplib

    host, _, port = email.status.listeners["smtp"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as smtp:
        smtp.send_message(message)


async def test_three_servers_of_the_manifests_find_each_other_and_keep_three_copies(tmp_path: Path) -> None:
    manifests = overlay()
    nodes = [server(manifests, tmp_path / f"nats-{number}") for number in range(3)]
    config = nodes[0].config["nats.conf"]
    ports = [free_port() for _ in nodes]
    routes = nodes[0].environ[ROUTES]
    for number, port in enumerate(ports):
        routes = routes.replace(f"nats-{number}.nats-headless:6222", f"127.0.0.1:{port}")
    for number, node in enumerate(nodes):
        text = config
        for old, new in (
            ("0.0.0.0:4222", f"127.0.0.1:{node.port}"),
            ("0.0.0.0:8222", "127.0.0.1:-1"),
            ("0.0.0.0:6222", f"127.0.0.1:{ports[number]}"),
            ('"/data"', json.dumps(str(node.folder / "data"))),
            ("/var/run/nats/nats.pid", str(node.folder / "nats.pid")),
        ):
            text = text.replace(old, new)
        (node.folder / "nats.conf").write_text(text)
        node.environ = {**node.environ, "SERVER_NAME": f"nats-{number}", ROUTES: routes}
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        async with client(nodes[0], ADMIN) as bus:
            [stream] = [each for each in stream_configs(topology([], [])) if each.name == "EVENTS"]
            stream.num_replicas = 3

            async def made() -> Any:
                try:
                    return await bus.nc.jetstream(timeout=2).add_stream(stream)
                except Exception:  # no leader yet
                    return None

            info = await until(made)
            assert info.cluster is not None
            assert len(info.cluster.replicas or []) == 2
        assert all(not node.violations() for node in nodes)
    finally:
        for node in nodes:
            node.kill()
