"""Channels beyond those of the base: their manifests are what their settings say, and defects in them are found."""

import asyncio
import copy
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from deploy import new_channel
from deploy.checks.manifest import Manifests, build
from deploy.checks.overlay import components, findings, with_channel
from deploy.checks.process import findings as as_processes
from frontline.contract.error import SettingsError
from tests.deploy.overlays import DEPLOY, at, container, examples, pod
from tests.deploy.test_mutants import Spoil, drop_rule, env, in_pod, probe, rule, without

CHANNEL = "webhook"
NAME = f"intake-{CHANNEL}"


@cache
def _built() -> Manifests:
    with TemporaryDirectory() as folder:
        return build(with_channel(DEPLOY, Path(folder), CHANNEL))


def production() -> Manifests:
    """Production with webhooks, to be spoilt."""
    return Manifests(copy.deepcopy(_built().objects))


def test_there_are_no_other_components_than_those_that_are_tested() -> None:
    assert components(DEPLOY) == [CHANNEL]


def test_the_component_is_what_the_generator_makes_of_the_settings() -> None:
    made = new_channel.written(new_channel.needs(CHANNEL, examples()), DEPLOY)
    assert {path: (DEPLOY / path).read_text() for path in made} == made


def test_what_is_there_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [CHANNEL, "--deploy", str(tmp_path)]
    assert new_channel.main(given) == 0
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert new_channel.main([*given, "--example", "webhook-secrets=other"]) == 78
    assert "is there already" in capsys.readouterr().err
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_channel_that_is_not_installed_is_told() -> None:
    with pytest.raises(SettingsError, match="no channel nobody is installed"):
        new_channel.needs("nobody", {})


def test_a_channel_without_secrets_asks_for_none(tmp_path: Path) -> None:
    made = new_channel.written(new_channel.Needs("plain", 8099, {}), tmp_path)
    assert not any("secrets.conf" in path for path in made)
    for path, text in made.items():
        assert not re.search(r"items: \[\]|annotations|\$", text), path
        assert "\n\n\n" not in text, path


def test_production_with_webhooks_has_nothing_wrong_with_it() -> None:
    assert list(findings(production(), schemas=False)) == []


DEFECTS: dict[str, tuple[Callable[[Manifests], Any], str]] = {
    "no password for its user": (
        lambda m: container(m, "nats")["env"].remove(
            next(each for each in container(m, "nats")["env"] if each["name"] == "NATS_PASSWORD_INTAKE_WEBHOOK")
        ),
        "NATS_PASSWORD_INTAKE_WEBHOOK",
    ),
    "another's password": (
        lambda m: pod(m, NAME)["volumes"][0]["projected"]["sources"][1]["secret"]["items"][0].update(key="roter"),
        "has no roter",
    ),
    "a secret that is not brought": (
        lambda m: pod(m, NAME)["volumes"][0]["projected"]["sources"].pop(),
        "FRONTLINE_WEBHOOK_SECRETS_FILE is .*, which no volume brings",
    ),
    "a secret of the wrong form": (
        lambda m: at(m, "Deployment", NAME)["metadata"]["annotations"].update(
            {"example.frontline.dev/webhook-secrets": "hunter2"}
        ),
        "must each be whsec_",
    ),
    "a key that the settings do not ask for": (
        lambda m: pod(m, NAME)["volumes"][0]["projected"]["sources"][2]["secret"]["items"][0].update(key="token"),
        "has no token",
    ),
    "another user": (env(f"{NAME}-env", FRONTLINE_NATS_USER="intake-chat"), "is NATS user intake-chat, not itself"),
    "a setting that there is not": (env(f"{NAME}-env", FRONTLINE_WEBHOOK_TOKEN="x"), "is no setting of it"),
    "another port than its Service leads to": (env(f"{NAME}-env", FRONTLINE_WEBHOOK_PORT="8099"), "nothing listens"),
    "a port that only the pod can reach": (env(f"{NAME}-env", FRONTLINE_WEBHOOK_HOST="127.0.0.1"), "nobody outside"),
    "no budget": (without("PodDisruptionBudget", NAME), "no PodDisruptionBudget"),
    "no account": (without("ServiceAccount", NAME), "no ServiceAccount"),
    "too little grace": (in_pod(NAME, terminationGracePeriodSeconds=30), "50 are needed"),
    "no way to NATS": (drop_rule(NAME, "egress", 0), f"{NAME} to nats:4222 does not get through"),
    "webhooks from the whole world, past the gateway": (
        rule(NAME, "ingress", 0, **{"from": []}),
        f"world to {NAME}:8083 gets through",
    ),
    "replies to the inside": (
        rule(NAME, "egress", 1, to=[{"ipBlock": {"cidr": "0.0.0.0/0"}}]),
        f"{NAME} to private:443 gets through",
    ),
    "no metrics": (drop_rule(NAME, "ingress", 1), f"monitoring to {NAME}:9090 does not get through"),
    "a channel that is not installed": (
        lambda m: container(m, NAME).update(args=["channel", "run", "carrier-pigeon"]),
        "no channel carrier-pigeon is installed",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect: str) -> None:
    spoil, words = DEFECTS[defect]
    manifests = production()
    spoil(manifests)
    found = list(findings(manifests, schemas=False))
    assert any(re.search(words, finding) for finding in found), found


def test_a_probe_of_the_process_that_says_something_else_is_found() -> None:
    manifests = production()
    spoil: Spoil = probe(NAME, "livenessProbe", path="/healthz/ready")
    spoil(manifests)
    found = asyncio.run(as_processes(manifests, only=frozenset({NAME})))
    assert f"Deployment/{NAME}: livenessProbe says 503 while NATS is away, not 200" in found
