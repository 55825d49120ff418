"""Runs an exported worker as it is against Temporal's own server, with servers for its nodes.

    scenarios.py FOLDER ADDRESS

Each run is replayed from its history afterwards, which fails where the workflow is not deterministic.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cases
from servers import Raw, Servers
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner


class Bench:
    """The worker at work, and its graph."""

    def __init__(self, client: Client, graph: Any, workflow: Any, servers: Servers) -> None:
        self.client = client
        self.graph = graph
        self.workflow = workflow
        self.servers = servers
        self.count = 0

    async def start(self, request: dict[str, Any] | None = None) -> WorkflowHandle[Any, Any]:
        self.count += 1
        return await self.client.start_workflow(
            self.graph.name,
            self.request() if request is None else request,
            id=f"{self.graph.digest}-{os.getpid()}-{self.count}",
            task_queue=self.graph.task_queue,
        )

    def request(self) -> dict[str, Any]:
        return {name: f"the {name}" for name in self.graph.inputs}

    async def result(self, handle: WorkflowHandle[Any, Any]) -> Any:
        """The outputs, or the kind of the failure."""
        try:
            found: Any = await asyncio.wait_for(handle.result(), 20)
        except WorkflowFailureError as error:
            cause = error.cause
            assert isinstance(cause, ApplicationError), f"{cause!r}"
            found = cause.type
        history = await handle.fetch_history()
        await Replayer(workflows=[self.workflow]).replay_workflow(history)
        return found

    async def run(self, request: dict[str, Any] | None = None, **how: Any) -> Any:
        """A request while some nodes behave so: a status, seconds, a content, or one for each call."""
        self.servers.reset()
        for name, told in how.items():
            self.tell(name, told)
        return await self.result(await self.start(request))

    def tell(self, name: str, told: Any) -> None:
        name = name.replace("_", "-")
        assert name in self.graph.nodes, name
        self.servers.how[name] = told if callable(told) else lambda _: told

    def called(self, name: str) -> int:
        return self.servers.calls[name]

    def behind(self, name: str) -> set[str]:
        """The nodes that are reached from one, on any way."""
        found: set[str] = set()
        open_ = [name]
        while open_:
            at = open_.pop()
            for edge in self.graph.edges:
                if edge.source == at and edge.target in self.graph.nodes and edge.target not in found:
                    found.add(edge.target)
                    open_.append(edge.target)
        return found


REFUSALS: list[tuple[str, Any, str]] = [
    ("400", 400, "Failed"),
    ("403", 403, "Failed"),
    ("500", 500, "Failed"),
    ("503", 503, "Failed"),
    ("unsafe", "unsafe\nS1", "Refused"),
    ("another word", "Safety first", "Refused"),
    ("nothing", "", "Refused"),
    ("no JSON", Raw("<html>"), "Failed"),
    ("another body", Raw("{}"), "Failed"),
]


async def guards(bench: Bench) -> None:
    """What a guardrail refuses, or cannot judge, reaches nothing behind it."""
    for name, node in bench.graph.nodes.items():
        if node.role != "guardrail" or node.reserve or node.on_failure != "stop":
            continue
        labels = [port for port, it in node.outputs.items() if it.kind == "label"]
        if any(edge.source == name and edge.port in labels for edge in bench.graph.edges):
            # The graph answers for itself; its own case looks at that.
            continue
        later = 30.0 if node.limits.once_us < 1_000_000 else None
        for word, told, kind in [*REFUSALS, *([("too late", later, "Failed")] if later else [])]:
            found = await bench.run(**{name: told})
            reached = {other: bench.called(other) for other in bench.behind(name) if bench.called(other)}
            assert found in ("Failed", "Refused"), f"{name} {word}: {found}"
            if word not in ("another body",):
                assert found == kind, f"{name} {word}: {found}, not {kind}"
            assert bench.called(name) >= 1, f"{name} was not asked"
            assert not reached, f"`{name}` answers {word}, and it reaches {reached}"


async def optional(bench: Bench) -> None:
    """The request goes on without an optional node: where it fails, and where a signal says so."""
    for name, node in bench.graph.nodes.items():
        if not node.optional or node.call is None or node.on_failure not in ("skip", "leave"):
            continue
        found = await bench.run(**{name: 500})
        assert isinstance(found, dict), f"without {name}: {found}"
        assert bench.called(name) == node.limits.attempts
        bench.servers.reset()
        bench.tell(name, 20.0)
        handle = await bench.start()
        while not bench.called(name):
            await asyncio.sleep(0.05)
        progress = await handle.query("progress")
        assert progress[name] == "runs", progress
        await handle.signal("leave_out", name)
        found = await asyncio.wait_for(bench.result(handle), 15)
        assert isinstance(found, dict), f"{name} left out: {found}"


async def required(bench: Bench) -> None:
    """A signal leaves out no node that the graph requires, a guardrail least of all."""
    for name, node in bench.graph.nodes.items():
        if node.call is None or node.optional or node.limits.once_us < 500_000:
            continue
        bench.servers.reset()
        bench.tell(name, 0.4)
        handle = await bench.start()
        await handle.signal("leave_out", name)
        found = await bench.result(handle)
        if isinstance(found, dict):
            assert bench.called(name) >= 1 or not_on_the_way(bench, name), name
        return


def not_on_the_way(bench: Bench, name: str) -> bool:
    return not any(edge.target == name for edge in bench.graph.edges)


async def requests(bench: Bench) -> None:
    """A request that is none is told so, and no node is asked."""
    assert await bench.run({"nonsense": 1}) == "Request"
    if any(port.required for port in bench.graph.inputs.values()):
        assert await bench.run({}) == "Request"
    assert not bench.servers.calls


async def whole(bench: Bench) -> None:
    """All is well: every output that is required has a value."""
    found = await bench.run()
    assert isinstance(found, dict), found
    wanted = {name for name, port in bench.graph.outputs.items() if port.required}
    assert wanted <= set(found) <= set(bench.graph.outputs), found


def temporal_definition(workflow: Any) -> Any:
    return getattr(workflow, "__temporal_workflow_definition")


async def main(folder: str, address: str) -> None:
    sys.path.insert(0, folder)
    from graph import GRAPH
    from workflow import GraphWorkflow

    # The sandbox takes the workflow: it imports nothing that is not deterministic.
    runner = SandboxedWorkflowRunner()
    runner.prepare_workflow(temporal_definition(GraphWorkflow))
    # Failures are what is looked for here; each is told where it is not what it should be.
    logging.getLogger("temporalio").setLevel(logging.CRITICAL)
    servers = Servers(GRAPH)
    await servers.start()
    for name, node in GRAPH.nodes.items():
        if node.call is not None:
            os.environ[node.call.variable] = servers.url(name)
            if node.call.key_variable is not None:
                os.environ[node.call.key_variable] = "a key"
    os.environ["TEMPORAL_ADDRESS"] = address
    import worker

    work = asyncio.create_task(worker.main())
    bench = Bench(await Client.connect(address), GRAPH, GraphWorkflow, servers)
    checks: list[Callable[[Bench], Any]] = [whole, requests, guards, optional, required]
    checks += cases.of(Path(folder).name)
    for check in checks:
        trial = asyncio.create_task(check(bench))
        await asyncio.wait([trial, work], return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            await work
        await trial
    # As whoever runs it would stop it.
    signal.raise_signal(signal.SIGTERM)
    await work
    print(f"{Path(folder).name}: {bench.count} runs, each replayed")


async def until_told(folder: str, address: str) -> None:
    try:
        await main(folder, address)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    # Threads of the client's own, and a worker that waits for its calls, outlive what is looked at.
    status = 1
    try:
        asyncio.run(until_told(sys.argv[1], sys.argv[2]))
        status = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
