"""Values on their way through a graph, and what stands where none is."""

from __future__ import annotations

from typing import Any, Iterable

from temporalio.exceptions import ApplicationError

from model import Edge, Node


class Missing:
    """Stands where no value is."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __repr__(self) -> str:
        return self.word


ABSENT = Missing("absent")
REFUSED = Missing("refused")


def failure(kind: str, message: str) -> ApplicationError:
    return ApplicationError(message, type=kind, non_retryable=True)


def is_join(node: Node) -> bool:
    """Whether branches meet there."""
    return node.role == "join"


def first_of(values: Iterable[Any]) -> Any:
    """The first value that is there; else whether one was refused."""
    refused = False
    for value in values:
        if not isinstance(value, Missing):
            return value
        refused = refused or value is REFUSED
    return REFUSED if refused else ABSENT


def first_missing(node: Node, given: dict[str, Any]) -> Missing | None:
    """What keeps a node from running: first of all, that something was refused."""
    missing = [value for value in given.values() if value is REFUSED]
    if isinstance(given.get(""), Missing):
        missing.append(given[""])
    if not is_join(node):
        needed = [given.get(port, ABSENT) for port, it in node.inputs.items() if it.required]
        missing.extend(value for value in needed if isinstance(value, Missing))
    return missing[0] if missing else None


def carried_by(edge: Edge, outputs: dict[str, Any]) -> Any:
    """The value at the beginning of an edge; one without ports asks only whether its source ran."""
    if edge.port is not None:
        return outputs.get(edge.port, ABSENT)
    return first_of(outputs.values()) if outputs else True
