"""Small servers that speak the interfaces of real ones, and behave as a test tells them to.

A request that the interface would not take is answered 422, as the real servers do.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any, Callable

from aiohttp import web


class Servers:
    """A server for each node of a graph, behind one port: the first part of a path is the node."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.calls: Counter[str] = Counter()
        self.bodies: dict[str, Any] = {}
        self.how: dict[str, Callable[[int], Any]] = {}
        self.port = 0

    def reset(self) -> None:
        self.calls.clear()
        self.bodies.clear()
        self.how.clear()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/{node}{rest:/.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]

    def url(self, node: str) -> str:
        return f"http://127.0.0.1:{self.port}/{node}"

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["node"]
        call = self.graph.nodes[name].call
        if request.match_info["rest"] != call.path:
            return web.Response(status=404)
        body = json.loads(await request.text())
        self.calls[name] += 1
        self.bodies[name] = body
        try:
            usual = usual_answer(call.api, self.graph.nodes[name], body)
        except (AssertionError, KeyError, TypeError, IndexError) as error:
            return web.json_response({"error": f"{type(error).__name__} {error}"}, status=422)
        how = self.how.get(name)
        told = how(self.calls[name]) if how is not None else None
        if isinstance(told, int):
            return web.json_response({"error": "as told"}, status=told)
        if isinstance(told, float):
            await asyncio.sleep(told)
        elif isinstance(told, Raw):
            return web.Response(text=told.text, content_type="application/json")
        elif told is not None:
            usual = with_content(call.api, self.graph.nodes[name], told)
        return web.json_response(usual)


class Raw:
    """A body as it is."""

    def __init__(self, text: str) -> None:
        self.text = text


def usual_answer(api: str, node: Any, body: Any) -> Any:
    """What a server answers when all is well; an `AssertionError` where the request is none."""
    if api == "openai-chat":
        assert isinstance(body["model"], str) and body["messages"], "model and messages"
        for message in body["messages"]:
            assert message["role"] in ("system", "user", "assistant"), "a role"
            assert isinstance(message["content"], str) and message["content"], "a content"
        return with_content(api, node, usual_content(node))
    if api == "openai-completions":
        assert isinstance(body["model"], str) and isinstance(body["prompt"], str), "model and prompt"
        return with_content(api, node, usual_content(node))
    if api == "openai-embeddings":
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        assert all(isinstance(text, str) for text in texts), "texts"
        rows = [{"index": at, "embedding": [0.5, -1.0]} for at in range(len(texts))]
        return {"object": "list", "data": rows[::-1]}
    if api == "tei-embed":
        texts = body["inputs"] if isinstance(body["inputs"], list) else [body["inputs"]]
        assert all(isinstance(text, str) and text for text in texts), "texts"
        return [[0.25, 0.5] for _ in texts]
    if api == "tei-rerank":
        assert isinstance(body["query"], str) and body["texts"], "query and texts"
        assert all(isinstance(text, str) for text in body["texts"]), "texts"
        # The last is the best.
        return [{"index": at, "score": at + 0.5} for at in range(len(body["texts"]))]
    if api == "qdrant-query":
        assert all(isinstance(number, float) for number in body["query"]), "a vector"
        points = [{"id": at, "version": 1, "score": 0.9 - at / 10, "payload": {"text": f"passage {at}"}} for at in range(3)]
        return {"result": {"points": points[: body.get("limit", 10)]}, "status": "ok", "time": 0.001}
    if api == "kserve-v2":
        for tensor in body["inputs"]:
            count = 1
            for size in tensor["shape"]:
                count *= size
            assert isinstance(tensor["name"], str) and isinstance(tensor["datatype"], str), "a tensor"
            assert len(tensor["data"]) == count, "as many values as the shape says"
        return with_content(api, node, usual_content(node))
    assert isinstance(body, dict), "an object"
    return with_content(api, node, usual_content(node))


def usual_content(node: Any) -> Any:
    if node.role == "guardrail":
        return "safe"
    kinds = {port.kind for port in node.outputs.values()}
    if "json" in kinds:
        return {"action": "answer", "answer": "42", "confidence": 0.9, "question": "?", "again": False}
    if "list" in kinds:
        return ["one", "two"]
    return "an answer"


def with_content(api: str, node: Any, content: Any) -> Any:
    """A content as the interface wraps it."""
    text = content if isinstance(content, str) else json.dumps(content)
    if api == "openai-chat":
        return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    if api == "openai-completions":
        return {"choices": [{"index": 0, "text": text}]}
    ports = list(node.outputs)
    if node.role == "guardrail" and isinstance(content, str):
        # What it lets pass leaves as it came.
        labels = [port for port, it in node.outputs.items() if it.kind == "label"] or ["verdict"]
        content = {port: content if port in labels else "the question" for port in {*ports, *labels}}
    elif not (isinstance(content, dict) and set(content) & set(ports)):
        content = {port: content for port in ports}
    if api == "kserve-v2":
        return {"model_name": "m", "outputs": [as_tensor(port, value) for port, value in content.items()]}
    if node.call.answer:
        whole: dict[str, Any] = {}
        for port, path in node.call.answer.items():
            *above, last = path.split(".")
            at = whole
            for key in above:
                at = at.setdefault(key, {})
            at[last] = content[port]
        return whole
    return content


def as_tensor(port: str, value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    texts = [item if isinstance(item, str) else json.dumps(item) for item in items]
    return {"name": port, "datatype": "BYTES", "shape": [1, len(texts)], "data": texts}
