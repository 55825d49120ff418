"""Which way a request goes."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

from conditions import holds
from model import Edge
from values import Missing, carried_by, failure


def decide(role: str, out: list[Edge], outputs: dict[str, Any]) -> set[int]:
    """Which of the edges from a node carry its values."""
    edges = [edge for edge in out if not isinstance(carried_by(edge, outputs), Missing)]
    asking = [edge for edge in edges if edge.when is not None]
    if role == "splitter" or (role == "router" and not asking):
        return {id(edge) for edge in draw_one(edges)}
    taken: set[int] = set()
    chosen: str | None = None
    for edge in asking:
        # A router goes the first way that is open, and no other.
        if edge.when == "default" or (role == "router" and chosen not in (None, edge.when)):
            continue
        if edge.when == chosen or asked(str(edge.when), carried_by(edge, outputs)):
            chosen = edge.when
            taken.add(id(edge))
    for edge in edges:
        if edge.when == "default":
            is_taken = chosen is None
        else:
            is_taken = edge.when is None and (edge.share is None or drawn(edge.share))
        if is_taken:
            taken.add(id(edge))
    return taken


def asked(condition: str, value: Any) -> bool:
    try:
        return holds(condition, value)
    except ValueError as error:
        raise failure("Condition", f"`{condition}` cannot be asked of a value: {error}") from error


def drawn(share: float) -> bool:
    return workflow.random().random() < share


def draw_one(edges: list[Edge]) -> list[Edge]:
    """The edges to one of several targets, each as likely as its share."""
    shares: dict[str, float | None] = {}
    for edge in edges:
        shares[edge.target] = edge.share if shares.get(edge.target) is None else shares[edge.target]
    if len(shares) <= 1:
        return edges
    known = [share for share in shares.values() if share is not None]
    rest = max(0.0, 1.0 - sum(known)) / max(1, len(shares) - len(known))
    weights = [rest if share is None else share for share in shares.values()]
    target = workflow.random().choices(list(shares), weights if sum(weights) > 0 else None)[0]
    return [edge for edge in edges if edge.target == target]
