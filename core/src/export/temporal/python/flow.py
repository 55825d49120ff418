"""Runs a graph within a workflow: which nodes are called, with what, and what becomes of failures.

Everything here is decided by what the workflow's history holds: time, chance and the order of
events are Temporal's own, so a replay takes the same way.

A value that is missing does not stop a request by itself. A node that needs it is left out, and so
is what needs that node in turn; the request fails where an output that is required is left without
a value. What a guardrail refuses is more than missing: no node runs on it, optional or not.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import timedelta
from typing import Any, Awaitable, Iterable

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from branches import asked, decide, drawn
from model import Back, Edge, Graph, Loop, Node
from values import ABSENT, REFUSED, Missing, carried_by, failure, first_missing, first_of, is_join


INPUTS, OUTPUTS = "inputs", "outputs"
SAFE = "safe"


class Flow:
    """One request on its way through a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: dict[str, dict[str, Any]] = {}
        self.progress: dict[str, str] = {}
        self.into: dict[str, list[Edge]] = defaultdict(list)
        self.onward: dict[str, list[Edge]] = defaultdict(list)
        for edge in graph.edges:
            self.into[edge.target].append(edge)
            self.onward[edge.source].append(edge)
        # With those that lead back.
        self.out: dict[str, list[Edge]] = defaultdict(list)
        backs = [back.edge for step in graph.steps for back in backs_of(step)]
        for edge in [*graph.edges, *backs]:
            self.out[edge.source].append(edge)
        self.taken: dict[str, set[int]] = {}
        self.carried: dict[str, list[tuple[Back, Any]]] = defaultdict(list)
        self.done: dict[tuple[str, int], asyncio.Event] = defaultdict(asyncio.Event)
        self.left_out: set[str] = set()
        self.calls: dict[str, asyncio.Task[Any]] = {}
        self.tasks: list[asyncio.Task[Any]] = []
        self.is_over = False

    async def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """The graph's outputs for its inputs."""
        for name in request:
            if name not in self.graph.inputs:
                known = ", ".join(self.graph.inputs) or "none"
                raise failure("Request", f"the graph has no input `{name}`: it has {known}")
        for name, port in self.graph.inputs.items():
            if port.required and request.get(name) is None:
                raise failure("Request", f"the input `{name}` is missing")
        given = {name: request.get(name) for name in self.graph.inputs}
        self._settle(INPUTS, {name: ABSENT if value is None else value for name, value in given.items()})
        self.failed: asyncio.Future[Any] = asyncio.Future()
        started = self._start(self.graph.steps)
        aside = [task for step, task in started if self._is_aside(step)]
        answer = self._task(self._outputs())
        whole = self._task(all_of([answer, *aside]))
        try:
            await workflow.wait([whole, self.failed], return_when=asyncio.FIRST_COMPLETED)
            if self.failed.done():
                self.failed.result()
            return answer.result()
        finally:
            # Whoever lost a race is no longer waited for.
            self.is_over = True
            for task in self.tasks:
                task.cancel()

    def leave_out(self, name: str) -> None:
        """Goes on without an optional node, whether it has begun or not; no guardrail is optional."""
        node = self.graph.nodes.get(name)
        if node is None or not node.optional:
            workflow.logger.warning("%s is no optional node: the signal is ignored", name)
            return
        self.left_out.add(name)
        if name in self.calls:
            self.calls[name].cancel()

    # Steps

    def _start(self, steps: Iterable[Any]) -> list[tuple[Any, asyncio.Task[Any]]]:
        return [(step, self._task(self._step(step))) for step in steps]

    def _task(self, work: Awaitable[Any]) -> asyncio.Task[Any]:
        """A task whose failure is the request's."""

        async def guarded() -> Any:
            try:
                return await work
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                if not self.failed.done():
                    self.failed.set_exception(error)
                raise asyncio.CancelledError from error

        task = asyncio.create_task(guarded())
        self.tasks.append(task)
        return task

    def _is_aside(self, step: Any) -> bool:
        if isinstance(step, Loop):
            return all(self._is_aside(inner) for inner in step.steps)
        return self.graph.nodes[step].aside

    async def _step(self, step: Any) -> None:
        if isinstance(step, Loop):
            await self._loop(step)
        else:
            await self._node(step)

    async def _node(self, name: str) -> None:
        node = self.graph.nodes[name]
        self.progress[name] = "waits"
        given = await (self._join(name, node) if is_join(node) else self._gather(name))
        self._settle(name, await self._work(name, node, given))

    def _settle(self, name: str, outputs: dict[str, Any]) -> None:
        """Lets those who wait for a node go on."""
        self.values[name] = outputs
        node = self.graph.nodes.get(name)
        role = "" if node is None else node.role
        self.taken[name] = decide(role, self.out[name], outputs)
        depth = 0 if name == INPUTS else len(self.graph.nodes[name].loops)
        self.done[name, depth].set()

    # Loops

    async def _loop(self, loop: Loop) -> None:
        """Rounds of a loop, until no edge leads back; what follows it takes the last round's values."""
        members = members_of(loop)
        inside = self.graph.nodes[members[0]].loops.index(loop.name) + 1
        rounds = [1] * len(loop.back)
        steps = loop.steps
        while True:
            await all_of([task for _, task in self._start(steps)])
            heads: set[str] = set()
            for at, back in enumerate(loop.back):
                value = self._value(back.edge)
                if isinstance(value, Missing) or rounds[at] >= back.rounds or not self._again(back, value):
                    continue
                rounds[at] += 1
                target = back.edge.target
                self._drop(target, [back])
                self.carried[target].append((back, value))
                heads.add(target)
            if not heads:
                break
            behind = self._behind(heads, loop)
            steps = [step for step in loop.steps if behind.intersection(members_of(step))]
            for name in members:
                if name in behind:
                    for depth in range(inside, len(self.graph.nodes[name].loops) + 1):
                        self.done.pop((name, depth), None)
        for name in members:
            self._drop(name, loop.back)
            self.done[name, inside - 1].set()

    def _drop(self, target: str, backs: list[Back]) -> None:
        self.carried[target] = [kept for kept in self.carried[target] if kept[0] not in backs]

    def _again(self, back: Back, value: Any) -> bool:
        if isinstance(back.again, str):
            return asked(back.again, value)
        return drawn(back.again)

    def _behind(self, heads: set[str], loop: Loop) -> set[str]:
        """What is run again in a round that begins at some nodes: an inner loop as a whole."""
        within = {name: set(members_of(step)) for step in loop.steps for name in members_of(step)}
        found: set[str] = set()
        open_ = list(heads)
        while open_:
            name = open_.pop()
            if name in within and name not in found:
                found |= within[name]
                targets = [edge.target for member in within[name] for edge in self.onward[member]]
                open_.extend(target for target in targets if target not in found)
        return found

    # What a node is given

    def _event(self, edge: Edge) -> asyncio.Event:
        """When the source of an edge is done, as its target sees it: with all rounds of a loop that
        the target is not in."""
        nodes = self.graph.nodes
        source = nodes[edge.source].loops if edge.source in nodes else ()
        target = nodes[edge.target].loops if edge.target in nodes else ()
        depth = 0
        while depth < min(len(source), len(target)) and source[depth] == target[depth]:
            depth += 1
        return self.done[edge.source, depth]

    def _value(self, edge: Edge) -> Any:
        """What an edge carries, once its source is done."""
        value = carried_by(edge, self.values[edge.source])
        if isinstance(value, Missing) or id(edge) in self.taken[edge.source]:
            return value
        return ABSENT

    async def _arrival(self, edge: Edge, first: asyncio.Event) -> Any:
        """What an edge carries; nothing where it comes too long after the first of its node."""
        event = self._event(edge)
        if edge.timeout_us is None:
            await event.wait()
        else:
            late = asyncio.create_task(after(first, edge.timeout_us))
            there = asyncio.create_task(event.wait())
            await workflow.wait([there, late], return_when=asyncio.FIRST_COMPLETED)
            late.cancel()
            there.cancel()
            if not event.is_set():
                return ABSENT
        first.set()
        return self._value(edge)

    async def _arrivals(self, name: str) -> list[Any]:
        edges = self.into[name]
        first = asyncio.Event()
        if any(edge.timeout_us is not None for edge in edges):
            return await all_of([asyncio.create_task(self._arrival(edge, first)) for edge in edges])
        return [await self._arrival(edge, first) for edge in edges]

    async def _gather(self, name: str) -> dict[str, Any]:
        """The value at each input; under no name whether edges without ports let it run."""
        values = await self._arrivals(name)
        found: dict[str, list[Any]] = defaultdict(list)
        for back, value in self.carried[name]:
            found[back.edge.into or ""].append(value)
        orders: list[Any] = []
        for edge, value in zip(self.into[name], values):
            if edge.into is not None:
                found[edge.into].append(value)
            elif edge.required or value is REFUSED:
                orders.append(value)
        given = {port: first_of(several) for port, several in found.items() if port}
        given[""] = next((value for value in orders if isinstance(value, Missing)), True)
        return given

    async def _join(self, name: str, node: Node) -> dict[str, Any]:
        """The values that a join waits for: in the order of the document where it waits for all, and
        as they come where they race. What was refused is no value, and spoils what needs all."""
        first = asyncio.Event()
        edges = self.into[name]
        orders = [await self._arrival(edge, first) for edge in edges if edge.into is None and edge.required]
        stopped = [value for value in orders if isinstance(value, Missing)]
        if stopped:
            return {"": stopped[0]}
        data = [edge for edge in edges if edge.into is not None]
        waiting = [asyncio.create_task(self._arrival(edge, first)) for edge in data]
        found = [value for _, value in self.carried[name]]
        wanted = node.quorum or len(found) + len(data)
        refused = False
        while waiting and len(found) < wanted:
            if node.quorum == 0:
                done, waiting = waiting, []
                await all_of(done)
            else:
                done, waiting = await workflow.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            values = [task.result() for task in done]
            refused = refused or REFUSED in values
            found += [value for value in values if not isinstance(value, Missing)]
        for task in waiting:
            task.cancel()
        is_short = len(found) < node.quorum or not found
        if is_short or (refused and node.quorum == 0 and not node.merges):
            return {"": REFUSED if refused else ABSENT}
        return {"": found[0] if node.merges else found[:wanted]}

    # What a node does

    async def _work(self, name: str, node: Node, given: dict[str, Any]) -> dict[str, Any]:
        """What a node gives."""
        stopped = first_missing(node, given)
        if stopped is None and node.reserve:
            stopped = ABSENT
        if stopped is not None:
            self.progress[name] = repr(stopped)
            return {port: stopped for port in node.outputs}
        values = {port: given.get(port, ABSENT) for port in node.inputs}
        inputs = {port: value for port, value in values.items() if not isinstance(value, Missing)}
        if is_join(node):
            inputs = {port: given[""] for port in node.inputs}
        if node.call is None:
            self.progress[name] = "done"
            return {port: first_of(inputs.values()) for port in node.outputs}
        return await self._answer(name, node, inputs)

    async def _answer(self, name: str, node: Node, inputs: dict[str, Any]) -> dict[str, Any]:
        """What the server of a node answers, or what takes its place."""
        if name in self.left_out:
            return await self._failed(name, node, inputs, None)
        self.progress[name] = "runs"
        try:
            answer = await self._call(name, node, inputs)
        except ActivityError as error:
            return await self._failed(name, node, inputs, error)
        self.progress[name] = "done"
        if node.role == "guardrail":
            return self._judged(name, node, inputs, answer)
        return {port: answer.get(port, ABSENT) for port in node.outputs}

    async def _call(self, name: str, node: Node, inputs: dict[str, Any]) -> dict[str, Any]:
        call, limits = node.call, node.limits
        assert call is not None and limits is not None
        whole = limits.whole_us
        running = workflow.start_activity(
            call.api,
            args=[name, inputs],
            summary=name,
            result_type=dict[str, Any],
            start_to_close_timeout=timedelta(microseconds=limits.once_us),
            schedule_to_close_timeout=None if whole is None else timedelta(microseconds=whole),
            retry_policy=RetryPolicy(
                initial_interval=timedelta(milliseconds=100),
                maximum_attempts=limits.attempts,
                non_retryable_error_types=["Rejected", "Answer"],
            ),
        )
        self.calls[name] = running
        return await running

    async def _failed(
        self, name: str, node: Node, inputs: dict[str, Any], error: BaseException | None
    ) -> dict[str, Any]:
        """What follows a failure."""
        if self.is_over:
            raise asyncio.CancelledError from error
        self.progress[name] = "failed"
        policy = node.on_failure
        if name in self.left_out and policy == "stop":
            policy = "leave"
        if policy == "stop":
            raise failure("Failed", f"`{name}` failed, and the graph does not run without it") from error
        if policy == "leave":
            # What no guardrail has judged is as good as refused.
            kind = REFUSED if node.role == "guardrail" else ABSENT
            return {port: kind for port in node.outputs}
        if policy == "skip":
            return {
                port: inputs.get(node.passes.get(port, ""), ABSENT) for port in node.outputs
            }
        other = self.graph.nodes[policy]
        handed = {}
        for at, port in enumerate(other.inputs):
            from_ = port if port in inputs else next(iter(list(node.inputs)[at : at + 1]), None)
            if from_ in inputs:
                handed[port] = inputs[from_]
        lacking = [port for port, it in other.inputs.items() if it.required and port not in handed]
        if lacking:
            raise failure("Failed", f"`{name}` failed, and `{policy}` in its place has no `{lacking[0]}`") from error
        answer = await self._answer(policy, other, handed)
        outputs = {}
        for at, port in enumerate(node.outputs):
            from_ = port if port in answer else next(iter(list(answer)[at : at + 1]), None)
            outputs[port] = ABSENT if from_ is None else answer[from_]
        return outputs

    def _judged(
        self, name: str, node: Node, inputs: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        """What a guardrail lets pass: nothing, unless it says in so many words that it is safe."""
        verdict = answer.get("verdict")
        labels = [port for port, it in node.outputs.items() if it.kind == "label"]
        if verdict == SAFE:
            outputs = {}
            for port in node.outputs:
                passed = inputs.get(node.passes.get(port, ""), ABSENT)
                outputs[port] = SAFE if port in labels else answer.get(port, passed)
            return outputs
        self.progress[name] = "refuses"
        if any(edge.port in labels for edge in self.out[name]):
            return {port: str(verdict) if port in labels else REFUSED for port in node.outputs}
        raise failure("Refused", f"`{name}` refuses the request")

    # The answer

    async def _outputs(self) -> dict[str, Any]:
        given = await self._gather(OUTPUTS)
        answer = {}
        for name, port in self.graph.outputs.items():
            value = given.get(name, ABSENT)
            if not isinstance(value, Missing):
                answer[name] = value
            elif port.required:
                kind = "Refused" if value is REFUSED else "Unanswered"
                why = "a guardrail refused what it needs" if value is REFUSED else "no way led to it"
                raise failure(kind, f"the output `{name}` has no value: {why}")
        return answer


def backs_of(step: Any) -> list[Back]:
    if isinstance(step, Loop):
        return [*step.back, *(back for inner in step.steps for back in backs_of(inner))]
    return []


def members_of(step: Any) -> list[str]:
    if isinstance(step, Loop):
        return [name for inner in step.steps for name in members_of(inner)]
    return [step]


async def all_of(tasks: list[asyncio.Task[Any]]) -> list[Any]:
    return [await task for task in tasks]


async def after(event: asyncio.Event, microseconds: int) -> None:
    await event.wait()
    await workflow.sleep(timedelta(microseconds=microseconds))
