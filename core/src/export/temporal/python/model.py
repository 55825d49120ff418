"""What a graph is made of: its nodes, the edges between their ports, and its loops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Port:
    """Where a node takes or gives a value."""

    kind: str = "any"
    required: bool = True


@dataclass(frozen=True)
class Call:
    """How a node is called. The variable of the environment comes before the address stated here."""

    api: str
    variable: str
    url: str | None = None
    path: str = "/"
    model: str | None = None
    key_variable: str | None = None
    truncate: bool = False
    max_tokens: int | None = None
    max_items: int | None = None
    # Of `http-json`: keys of the body and the input of each; of the answer, outputs and where each lies.
    body: dict[str, str] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    # Of `kserve-v2`: the type and the dimensions of each tensor, the batch left out.
    tensors: dict[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Limits:
    """Microseconds that a try, and all tries with the wait for a worker, may take; and the tries."""

    once_us: int
    whole_us: int | None = None
    attempts: int = 1


@dataclass(frozen=True)
class Node:
    """A step of the graph; one without a call is done by the workflow itself."""

    role: str
    inputs: dict[str, Port]
    outputs: dict[str, Port]
    call: Call | None = None
    limits: Limits | None = None
    # `stop`, `skip`, `leave` (its outputs are missing), or the name of the node that takes its place.
    on_failure: str = "stop"
    # When it is skipped: for each output the input that is handed on.
    passes: dict[str, str] = field(default_factory=dict)
    # Of a join: how many values it waits for (0 is all), and whether it gives one value or a list.
    quorum: int = 0
    merges: bool = False
    # Only ever takes another's place.
    reserve: bool = False
    # Leads to no output: the request waits for it all the same.
    aside: bool = False
    # Whether a signal may have it left out.
    optional: bool = False
    # The loops that it is in, the outermost first.
    loops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Edge:
    """From an output to an input; without ports it says only that one node follows another."""

    source: str
    target: str
    port: str | None = None
    into: str | None = None
    required: bool = True
    when: str | None = None
    share: float | None = None
    timeout_us: int | None = None


@dataclass(frozen=True)
class Back:
    """An edge that begins another round of a loop, of so many at most."""

    edge: Edge
    rounds: int
    again: str | float = "true"


@dataclass(frozen=True)
class Loop:
    """Steps that are run again, and the edges that lead back."""

    name: str
    steps: list[Any]
    back: list[Back]


@dataclass(frozen=True)
class Graph:
    """The whole: its steps, each behind all that feed it."""

    name: str
    version: str | None
    digest: str
    task_queue: str
    inputs: dict[str, Port]
    outputs: dict[str, Port]
    nodes: dict[str, Node]
    edges: list[Edge]
    steps: list[Any]
