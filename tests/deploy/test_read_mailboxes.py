"""The component that lets the e-mail intake out to IMAP servers lets nothing else out, and nobody gets there without it."""

import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.checks.manifest import Manifests, build
from deploy.checks.overlay import findings, permits, with_component
from tests.deploy.overlays import DEPLOY

COMPONENT = "read-mailboxes"


@cache
def _built() -> Manifests:
    with TemporaryDirectory() as folder:
        return build(with_component(DEPLOY, Path(folder), COMPONENT))


def with_it() -> tuple[Manifests, dict[str, object]]:
    """Production with the component, to be spoilt, and the policy's rules."""
    manifests = Manifests(copy.deepcopy(_built().objects))
    policies = manifests.of("NetworkPolicy")
    policy = next(each for each in policies if each["metadata"]["name"] == "intake-email-mailboxes")
    return manifests, policy["spec"]


def found(manifests: Manifests) -> list[str]:
    return list(findings(manifests, schemas=False))


def test_it_is_the_only_one_that_starts_nothing() -> None:
    assert permits(DEPLOY) == [COMPONENT]


def test_production_with_it_has_nothing_wrong_with_it() -> None:
    assert found(with_it()[0]) == []


def test_a_port_that_is_missing_is_found() -> None:
    manifests, spec = with_it()
    spec["egress"][0]["ports"].pop(0)  # type: ignore[index]
    assert found(manifests) == ["NetworkPolicy: intake-email to relay:993 does not get through"]


def test_to_let_others_out_as_well_is_found() -> None:
    manifests, spec = with_it()
    spec["podSelector"] = {}
    assert "NetworkPolicy: router to relay:993 gets through" in found(manifests)


def test_to_let_it_out_without_saying_so_is_found() -> None:
    manifests, _ = with_it()
    policies = manifests.of("NetworkPolicy")
    next(each for each in policies if each["metadata"]["name"] == "intake-email-mailboxes")["metadata"]["name"] = "x"
    assert "NetworkPolicy: intake-email to relay:993 gets through" in found(manifests)
