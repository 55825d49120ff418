"""The activities: one for each kind of server, which calls a node over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import httpx
from temporalio import activity
from temporalio.exceptions import ApplicationError

import apis
from graph import GRAPH

# Failures that pass by themselves; every other answer of 4xx would be the same again.
PASSING = (408, 425, 429)


class Nodes:
    """The graph's nodes behind one client."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def call(self, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Calls a node with the values at its inputs; gives those at its outputs."""
        node = GRAPH.nodes[name]
        call = node.call
        assert call is not None
        address = os.environ.get(call.variable, call.url)
        if not address:
            raise rejected(f"nothing says where `{name}` answers: set {call.variable}")
        headers = {}
        if call.key_variable is not None:
            key = os.environ.get(call.key_variable)
            if not key:
                raise rejected(f"`{name}` needs a key: set {call.key_variable}")
            headers["Authorization"] = f"Bearer {key}"
        limit = activity.info().start_to_close_timeout
        try:
            response = await self.client.post(
                address.rstrip("/") + call.path,
                json=apis.request(call, node, inputs),
                headers=headers,
                timeout=limit.total_seconds() if limit else None,
            )
        except httpx.HTTPError as error:
            raise ApplicationError(f"`{name}`: {type(error).__name__} {error}", type="Unreached") from error
        status = response.status_code
        if not response.is_success:
            message = f"`{name}` answers {status}: {response.text[:200]}"
            if status >= 500 or status in PASSING:
                raise ApplicationError(message, type="Unready")
            raise rejected(message)
        try:
            return apis.answer(call, node, inputs, response.json())
        except ValueError as error:
            raise ApplicationError(f"`{name}`: {error}", type="Answer", non_retryable=True) from error

    def activities(self) -> list[Callable[..., Any]]:
        """One for each kind of server that the graph has."""
        kinds = {node.call.api for node in GRAPH.nodes.values() if node.call is not None}
        return [self.activity(kind) for kind in sorted(kinds)]

    def activity(self, kind: str) -> Callable[..., Any]:
        @activity.defn(name=kind)
        async def call(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
            return await self.call(name, inputs)

        return call


def rejected(message: str) -> ApplicationError:
    return ApplicationError(message, type="Rejected", non_retryable=True)
