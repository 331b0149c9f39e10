"""Who may ask, what a wrong request is told, and what nobody is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from frontline.configuration.model import Agent, Configuration, Desk
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.signing import agent_token
from router.api.entry import API
from router.core.event import ReplyQueued
from router.desk.command_port import CommandReply, CommandRequest
from tests.integration.router_api.world import world
from tests.integration.router_desk.desk import AGENT, SIGNER, SUPPORT, events, mail, until


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic Zm9vOmJhcg==", "Bearer fl_\x80"]
)
async def test_without_a_token_nothing_is_told(provisioned: Bus, tmp_path: Path, authorization: str) -> None:
    async with world(provisioned, tmp_path) as there:
        headers = {"Authorization": authorization} if authorization else {}
        for method, path in (("GET", "/api/contacts"), ("POST", "/api/contacts/x/resolve"), ("GET", "/api/parked")):
            answer = await there.stranger(**headers).ask(method, path, headers={})
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.body["title"] == "Unauthorized"


async def test_raising_the_version_ends_the_former_token(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        assert (await there.client().get("/api/me/availability")).status == 200
        renewed = Agent(id=AGENT, name="Demo agent 1", token_version=2)
        there.app[API].access.load(Configuration(desks=(Desk(id=SUPPORT, agents=(renewed,)),)))
        assert (await there.client().get("/api/me/availability")).status == 401
        assert (await there.client(version=2).get("/api/me/availability")).status == 200


async def test_a_token_in_other_letters_of_the_scheme_is_taken(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        token = agent_token(SIGNER, AGENT, 1)
        assert (await there.stranger(Authorization=f"bearer {token}").get("/api/contacts")).status == 200


async def test_what_can_be_had_can_be_asked_for_without_its_body(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        for path, status in (("/api/contacts", 200), ("/api/openapi.json", 200), ("/", 200), ("/api/nothing", 404)):
            async with agent.session.head(path, headers=agent.headers) as response:
                assert (path, response.status, await response.read()) == (path, status, b"")
        async with agent.session.head("/api/contacts") as response:
            assert response.status == 401


async def test_every_refusal_is_a_problem(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        for method, path, status in (
            ("GET", "/api/nothing", 404),
            ("GET", "/nothing", 404),
            ("DELETE", "/api/contacts", 405),
            ("GET", "/api/contacts/unknown", 404),
            ("POST", "/api/contacts/unknown/resolve", 404),
            ("GET", "/api/contacts?colour=red", 422),
            ("GET", "/api/contacts?limit=none", 422),
            ("GET", "/api/contacts?cursor=guess", 422),
            ("GET", "/api/desks/support/rota?since=9999-12-31T23:59:59Z", 422),
            ("GET", "/api/desks/support/rota.ics?since=0001-01-01T00:00:00Z&until=0001-02-01T00:00:00Z", 422),
            ("GET", "/api/parked?cursor=guess", 422),
            ("GET", "/api/objects/ORIGINALS/x/0", 404),
        ):
            answer = await agent.ask(method, path, headers={})
            assert (path, answer.status) == (path, status)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.body["type"].startswith("urn:frontline:problem:")


@pytest.mark.parametrize(
    "data,content_type,status",
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[1]", "application/json", 422),
        (b"null", "application/json", 422),
        (b'{"text": ' + b"[" * 10_000, "application/json", 400),
        (b'{"nn": 1e999}', "application/json", 400),
        (b"<a/>", "text/xml", 415),
        (b'{"text": "' + b"x" * 600_000 + b'"}', "application/json", 413),
    ],
)
async def test_a_body_that_is_not_right_is_refused(
    provisioned: Bus, tmp_path: Path, data: bytes, content_type: str, status: int
) -> None:
    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        answer = await there.client().ask(
            "POST", f"/api/contacts/{id_}/notes", headers={"Content-Type": content_type}, data=data
        )
        assert answer.status == status


async def test_a_body_without_an_end_is_cut_off_at_its_limit(provisioned: Bus, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    async with world(provisioned, tmp_path) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        headers = {"Content-Type": "application/json"}
        answer = await there.client().ask("POST", f"/api/contacts/{id_}/notes", headers=headers, data=endless())
        assert answer.status == 413


@pytest.mark.parametrize("key", ["ä", "a b", "x" * 256])
async def test_a_key_that_is_no_key_is_refused(provisioned: Bus, tmp_path: Path, key: str) -> None:
    async with world(provisioned, tmp_path) as there:
        answer = await there.client().post("/api/contacts/x/resolve", {}, key=key)
        assert [error["at"] for error in answer.body["errors"]] == ["Idempotency-Key"]


async def test_a_position_that_is_no_number_is_refused(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        headers = {"X-Frontline-Seq": "soon"}
        assert (await there.client().ask("GET", "/api/contacts", headers=headers)).status == 422


async def test_a_position_that_does_not_come_is_not_waited_for_for_ever(
    provisioned: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.api.entry.WAIT_SECONDS", 0.05)
    async with world(provisioned, tmp_path) as there:
        answer = await there.client().get("/api/contacts", seen=10**9)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_a_bug_tells_nothing_of_the_inside_and_is_counted_and_logged(
    provisioned: Bus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with world(provisioned, tmp_path, commands=lambda _: Broken()) as there:
        id_ = await there.contact_from(mail("<1@one.example>"))
        answer = await there.client().post(f"/api/contacts/{id_}/resolve", {})
        assert answer.status == 500
        assert "secret" not in str(answer.body)
        assert "Broken" not in str(answer.body)
        metrics = there.figures()
        assert 'frontline_failures_total{service="router",where="api"} 1.0' in metrics
        assert 'frontline_api_requests_total{route="resolveContact",status="500"} 1.0' in metrics
        logged = capsys.readouterr().out
        assert all(each in logged for each in (answer.body["id"], id_, AGENT, "resolveContact"))


async def test_requests_are_counted_by_route_and_never_by_path(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        for n in range(5):
            await there.client().get(f"/api/contacts/{n}")
            await there.client().get(f"/nothing/{n}")
        metrics = there.figures()
        assert 'frontline_api_requests_total{route="showContact",status="404"} 5.0' in metrics
        assert 'frontline_api_requests_total{route="unknown",status="404"} 5.0' in metrics
        assert "nothing" not in metrics


async def test_answers_are_not_kept_by_caches(provisioned: Bus, tmp_path: Path) -> None:
    async with world(provisioned, tmp_path) as there:
        assert (await there.client().get("/api/contacts")).headers["Cache-Control"] == "no-store"


class Broken:
    async def ask(self, desk: DeskId, request: CommandRequest) -> CommandReply:
        raise RuntimeError(f"secret of {desk}")


async def test_without_the_bus_reads_go_on_and_writes_ask_to_come_again(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        agent = there.client()
        id_ = await there.contact_from(mail("<1@one.example>"))
        await nats.kill()
        await until(lambda: not there.bus.connected)
        assert (await agent.get(f"/api/contacts/{id_}")).status == 200
        assert (await agent.get(f"/api/contacts/{id_}/transcript")).status == 200
        for path, body in (("replies", {"text": "x"}), ("notes", {"text": "x"}), ("resolve", {})):
            answer = await agent.post(f"/api/contacts/{id_}/{path}", body, key=path)
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) >= 1
        assert (await agent.get("/api/parked")).status == 503
        await nats.start()

        async def written() -> bool:
            return (await agent.post(f"/api/contacts/{id_}/replies", {"text": "x"}, key="replies")).status == 201

        await until(written)
        assert len(await events(there.bus, ReplyQueued)) == 1
