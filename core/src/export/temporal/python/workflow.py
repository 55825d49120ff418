"""The workflow: a request on its way through the graph."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import cel  # noqa: F401  A compiled module, which cannot be loaded again for each workflow.

from flow import Flow
from graph import GRAPH


@workflow.defn(name=GRAPH.name)
class GraphWorkflow:
    """Takes the graph's inputs by name, and gives its outputs by name."""

    def __init__(self) -> None:
        self.flow = Flow(GRAPH)

    @workflow.run
    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        return await self.flow.run(request)

    @workflow.signal
    def leave_out(self, node: str) -> None:
        """Goes on without an optional node, whether it has begun or not."""
        self.flow.leave_out(node)

    @workflow.query
    def progress(self) -> dict[str, str]:
        """How far each node is."""
        return self.flow.progress
