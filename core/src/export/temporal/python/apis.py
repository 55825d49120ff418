"""How each kind of server is asked, and how its answer is read: pure, and apart from the network."""

from __future__ import annotations

import json
from typing import Any

from model import Call, Node


class BadAnswer(ValueError):
    """An answer that is not what the server's interface promises."""


def request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    """The body of a call."""
    return REQUESTS[call.api](call, node, in_order(node, inputs))


def in_order(node: Node, inputs: dict[str, Any]) -> dict[str, Any]:
    """As the node has them, the first before all others; on the way they were sorted by name."""
    return {port: inputs[port] for port in node.inputs if port in inputs}


def answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    """The values at a node's outputs."""
    try:
        found = ANSWERS[call.api](call, node, in_order(node, inputs), body)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise BadAnswer(f"no answer of {call.api}: {type(error).__name__} {error}") from error
    if node.role == "guardrail":
        return judged(node, found)
    return found


def judged(node: Node, found: dict[str, Any]) -> dict[str, Any]:
    """A guardrail's verdict: its first word, in small letters. An answer without one has none."""
    labels = [port for port, it in node.outputs.items() if it.kind == "label"]
    texts = [found.get(key) for key in ["verdict", *labels]]
    if node.call is not None and node.call.api in TEXTS:
        texts = list(found.values())
        found = {}
    said = next((text for text in texts if isinstance(text, str) and text.split()), None)
    kept = {port: value for port, value in found.items() if port not in labels}
    kept["verdict"] = said.split()[0].strip(".,:;!\"'").lower() if said else None
    return kept


# Texts


def text_of(value: Any) -> str:
    """A value as a prompt has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return value["text"]
    if isinstance(value, list) and value and all(isinstance(item, (str, dict)) for item in value):
        return "\n\n".join(text_of(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def primary(inputs: dict[str, Any]) -> Any:
    return next(iter(inputs.values()), "")


def is_messages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(it, dict) and "role" in it for it in value)


def prompt(inputs: dict[str, Any]) -> tuple[Any, str]:
    """The first input, and all others behind their names."""
    first, *rest = inputs.items() if inputs else [("", "")]
    beside = "\n\n".join(f"{port}:\n{text_of(value)}" for port, value in rest)
    return first[1], beside


def chat_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    asked, beside = prompt(inputs)
    messages = list(asked) if is_messages(asked) else [{"role": "user", "content": text_of(asked)}]
    if beside:
        messages = [{"role": "system", "content": beside}, *messages]
    return with_limit(call, {"model": call.model or node.role, "messages": messages})


def completion_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    asked, beside = prompt(inputs)
    text = f"{beside}\n\n{text_of(asked)}" if beside else text_of(asked)
    return with_limit(call, {"model": call.model or node.role, "prompt": text})


def with_limit(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    return body if call.max_tokens is None else {**body, "max_tokens": call.max_tokens}


def chat_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    return as_outputs(node, body["choices"][0]["message"]["content"])


def completion_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    return as_outputs(node, body["choices"][0]["text"])


STRUCTURED = ("json", "list", "candidates", "messages", "vector", "tensor")


def as_outputs(node: Node, text: Any) -> dict[str, Any]:
    """A text at the outputs: read as JSON where one of them is made of it."""
    if not isinstance(text, str):
        raise BadAnswer("the answer holds no text")
    found = {}
    for port, it in node.outputs.items():
        if it.kind in STRUCTURED:
            try:
                found[port] = json.loads(text)
            except ValueError as error:
                raise BadAnswer(f"`{port}` is no JSON: {error}") from error
        elif it.kind == "label" and node.role != "guardrail":
            found[port] = text.strip()
        else:
            found[port] = text
    return found or {"text": text}


# Vectors and candidates


def openai_embeddings_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    return {"model": call.model or node.role, "input": texts_of(primary(inputs))}


def openai_embeddings_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    rows = sorted(body["data"], key=lambda row: row.get("index", 0))
    return vectors(node, inputs, [row["embedding"] for row in rows])


def tei_embed_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    return {"inputs": texts_of(primary(inputs)), "truncate": call.truncate}


def tei_embed_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    return vectors(node, inputs, body)


def texts_of(value: Any) -> Any:
    return [text_of(item) for item in value] if isinstance(value, list) else text_of(value)


def vectors(node: Node, inputs: dict[str, Any], rows: Any) -> dict[str, Any]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows) or not rows:
        raise BadAnswer("the answer holds no vectors")
    value = rows if isinstance(primary(inputs), list) else rows[0]
    return {port: value for port in node.outputs}


def rerank_parts(node: Node, inputs: dict[str, Any]) -> tuple[Any, list[Any]]:
    candidates = next((value for value in inputs.values() if isinstance(value, list)), [])
    query = next((value for value in inputs.values() if not isinstance(value, list)), "")
    return query, candidates


def tei_rerank_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    query, candidates = rerank_parts(node, inputs)
    texts = [text_of(candidate) for candidate in candidates]
    return {"query": text_of(query), "texts": texts, "truncate": call.truncate}


def tei_rerank_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    _, candidates = rerank_parts(node, inputs)
    ranked = []
    for row in sorted(body, key=lambda row: -row["score"])[: call.max_items]:
        found = candidates[row["index"]]
        found = found if isinstance(found, dict) else {"text": text_of(found)}
        ranked.append({**found, "score": row["score"]})
    return {port: ranked for port in node.outputs}


def qdrant_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    body = {"query": primary(inputs), "with_payload": True}
    return body if call.max_items is None else {**body, "limit": call.max_items}


def qdrant_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    hits = []
    for point in body["result"]["points"]:
        payload = point.get("payload") or {}
        hit = {"id": point["id"], "score": point["score"], "payload": payload}
        if isinstance(payload.get("text"), str):
            hit["text"] = payload["text"]
        hits.append(hit)
    return {port: hits for port in node.outputs}


# Tensors


def v2_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    return {
        "inputs": [tensor(call, port, value) for port, value in inputs.items()],
        "outputs": [{"name": port} for port in node.outputs],
    }


def tensor(call: Call, port: str, value: Any) -> dict[str, Any]:
    """A value as a batch of one."""
    kind, dims = call.tensors.get(port, ("BYTES", (1,)))
    if isinstance(value, dict) and "shape" in value and "data" in value:
        shape, data = value["shape"], flat(value["data"])
    elif kind == "BYTES":
        items = value if isinstance(value, list) and dims == (-1,) else [value]
        shape, data = [len(items)], [text_of(item) for item in items]
    else:
        shape, data = shape_of(value), flat(value)
    return {"name": port, "datatype": kind, "shape": [1, *shape], "data": data}


def shape_of(value: Any) -> list[int]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return shape or [1]


def flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [leaf for item in value for leaf in flat(item)]


def v2_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    found = {}
    for given in body["outputs"]:
        port = given["name"]
        kind = node.outputs[port].kind if port in node.outputs else "any"
        found[port] = value_of(kind, given)
    return found


def value_of(kind: str, given: dict[str, Any]) -> Any:
    data, shape = flat(given["data"]), given["shape"]
    if kind == "tensor":
        return {"shape": shape[1:], "data": data}
    if given["datatype"] == "BYTES":
        items = [read_json(item) if kind in STRUCTURED else item for item in data]
        return items if kind in ("list", "candidates") or len(items) != 1 else items[0]
    return data[0] if len(data) == 1 and kind not in ("vector", "list", "tokens") else data


def read_json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


# JSON


def json_request(call: Call, node: Node, inputs: dict[str, Any]) -> Any:
    if not call.body:
        return inputs
    body: dict[str, Any] = {}
    for key, port in call.body.items():
        if port in inputs:
            *above, last = key.split(".")
            at = body
            for part in above:
                at = at.setdefault(part, {})
            at[last] = inputs[port]
    return body


def json_answer(call: Call, node: Node, inputs: dict[str, Any], body: Any) -> dict[str, Any]:
    if call.answer:
        found = {port: at_path(body, path) for port, path in call.answer.items()}
        return {port: value for port, value in found.items() if value is not None}
    if isinstance(body, dict) and (node.role == "guardrail" or any(port in body for port in node.outputs)):
        return {port: value for port, value in body.items() if value is not None}
    if node.role == "guardrail":
        raise BadAnswer("a guardrail answers an object with its outputs as keys")
    if len(node.outputs) > 1:
        raise BadAnswer(f"the answer is no object with one of the keys {', '.join(node.outputs)}")
    return {port: body for port in node.outputs}


def at_path(value: Any, path: str) -> Any:
    for key in filter(None, path.split(".")):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    return value


TEXTS = ("openai-chat", "openai-completions")

REQUESTS = {
    "openai-chat": chat_request,
    "openai-completions": completion_request,
    "openai-embeddings": openai_embeddings_request,
    "tei-embed": tei_embed_request,
    "tei-rerank": tei_rerank_request,
    "qdrant-query": qdrant_request,
    "kserve-v2": v2_request,
    "http-json": json_request,
}

ANSWERS = {
    "openai-chat": chat_answer,
    "openai-completions": completion_answer,
    "openai-embeddings": openai_embeddings_answer,
    "tei-embed": tei_embed_answer,
    "tei-rerank": tei_rerank_answer,
    "qdrant-query": qdrant_answer,
    "kserve-v2": v2_answer,
    "http-json": json_answer,
}
