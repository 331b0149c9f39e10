"""The diagram in the README shows the streams, subjects and services that there are, all of them."""

import re
from dataclasses import dataclass

import pytest

from frontline.reference import contract
from frontline.reference.contribution import Channel, Operation, contributions
from frontline.runtime.topology import topology
from tests.architecture import sources

_FENCE = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
_NODE = re.compile(r'(\w+)(?:\(\["([^"]*)"\]\)|\[\("([^"]*)"\)\]|\["([^"]*)"\])')
_EDGE = re.compile(r'^(\w+)\s+(<?-->)(?:\|"([^"]*)"\|)?\s+(\w+)$')


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    label: str


@dataclass(frozen=True)
class Diagram:
    """Nodes by what is written in them; `stores` are those drawn as a cylinder."""

    stores: set[str]
    edges: set[Edge]


def parse(text: str) -> Diagram:
    names: dict[str, str] = {}
    stores: set[str] = set()
    edges: set[Edge] = set()
    for line in text.splitlines()[1:]:
        for node, round_, store, box in _NODE.findall(line):
            names[node] = (round_ or store or box).partition("<br>")[0]
            if store:
                stores.add(store)
        bare = _NODE.sub(r"\1", line).strip()
        if match := _EDGE.match(bare):
            source, arrow, label, target = match.groups()
            edges.add(Edge(names[source], names[target], label or ""))
            if arrow.startswith("<"):
                edges.add(Edge(names[target], names[source], label or ""))
        else:
            assert not bare or bare in names, f"not understood: {line}"
    return Diagram(stores, edges)


@pytest.fixture(scope="module")
def diagram() -> Diagram:
    (fence,) = _FENCE.findall((sources.ROOT / "README.md").read_text())
    return parse(fence)


def streams() -> dict[str, tuple[str, ...]]:
    """Name -> subjects that the stream takes, as a diagram writes them."""
    declared = topology([contract.CHANNEL], [contract.DESK]).streams
    return {
        stream.name.replace(contract.CHANNEL, "{channel}").replace(contract.DESK, "{desk}"): tuple(
            contract.address(subject) for subject in stream.subjects
        )
        for stream in declared
    }


def declared() -> tuple[dict[str, Channel], list[Operation]]:
    parts = [contract.contribution(), *contributions()]
    channels = {channel.name: channel for part in parts for channel in part.channels}
    return channels, [operation for part in parts for operation in part.operations]


def takes(pattern: str, subject: str) -> bool:
    wildcards = {"*": "[^.]+", ">": ".+"}
    tokens = [wildcards.get(token, re.escape(token)) for token in pattern.split(".")]
    return re.fullmatch(r"\.".join(tokens), subject) is not None


def test_the_stores_are_the_streams_of_the_topology(diagram: Diagram) -> None:
    assert diagram.stores == streams().keys()


def test_an_arrow_into_a_stream_bears_subjects_that_the_stream_takes(diagram: Diagram) -> None:
    for edge in diagram.edges:
        if edge.target in diagram.stores:
            for subject in edge.label.split(", "):
                assert any(takes(pattern, subject) for pattern in streams()[edge.target]), f"{subject} -> {edge.target}"


def test_what_a_service_sends_and_receives_is_drawn(diagram: Diagram) -> None:
    channels, operations = declared()
    for operation in operations:
        channel = channels[operation.channel]
        if operation.action == "send" and channel.stream:
            drawn = {
                edge for edge in diagram.edges if (edge.source, edge.target) == (operation.service, channel.stream)
            }
            assert any(channel.address in edge.label.split(", ") for edge in drawn), operation.name
        elif channel.stream:
            assert any((edge.source, edge.target) == (channel.stream, operation.service) for edge in diagram.edges)


def test_what_is_drawn_is_what_a_service_sends(diagram: Diagram) -> None:
    channels, operations = declared()
    sent = {
        (operation.service, channels[operation.channel].address)
        for operation in operations
        if operation.action == "send"
    }
    copies = {(stream.copy_of, stream.name) for stream in topology([contract.CHANNEL], [contract.DESK]).streams}
    for edge in diagram.edges:
        if edge.source in diagram.stores and edge.target in diagram.stores:
            assert (edge.source, edge.target) in copies
        elif edge.target in diagram.stores:
            for subject in edge.label.split(", "):
                assert (edge.source, subject) in sent


def test_whatever_goes_into_a_stream_comes_out_somewhere(diagram: Diagram) -> None:
    for store in diagram.stores:
        assert any(edge.source == store for edge in diagram.edges), store
        assert any(edge.target == store for edge in diagram.edges), store


def test_a_line_that_the_parser_does_not_know_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="not understood"):
        parse('flowchart LR\n  a["x"] -.-> b["y"]\n  a ==> b')
