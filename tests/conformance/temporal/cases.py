"""What graphs of their own kind must do, by the names of their files, beside what all must."""

from __future__ import annotations

from typing import Any

from servers import Raw


def of(name: str) -> list[Any]:
    return CASES.get(name, [])


# agent-tools


async def plans_again(bench: Any) -> None:
    """Rounds go on until the planner answers; each sees what came of the one before."""
    steps = [{"action": "search"}, {"action": "calculate"}, {"action": "answer", "answer": "42"}]
    found = await bench.run(planner=lambda call: steps[call - 1])
    assert isinstance(found, dict), found
    counted = [bench.called(name) for name in ("planner", "search", "calculator", "finish")]
    assert counted == [3, 1, 1, 1], counted
    last = bench.servers.bodies["planner"]["messages"]
    assert last[0]["role"] == "system" and "observation" in last[0]["content"], last


async def never_ends(bench: Any) -> None:
    """A planner that never answers has its twelve rounds, and no more."""
    found = await bench.run(planner={"action": "search"})
    assert found == "Unanswered", found
    assert (bench.called("planner"), bench.called("search")) == (12, 12), bench.servers.calls


async def unasked(bench: Any) -> None:
    """A condition that cannot be asked stops the request: no way is taken for want of another."""
    found = await bench.run(planner={"step": "none"})
    assert found == "Condition", found
    assert not bench.called("finish"), bench.servers.calls


# cascade


async def sure(bench: Any) -> None:
    draft = {"question": "?", "answer": "a", "confidence": 0.8}
    assert (await bench.run(small=draft)) == {"answer": draft}
    assert bench.called("large") == 0


async def unsure(bench: Any) -> None:
    draft = {"question": "?", "answer": "a", "confidence": 0.3}
    assert isinstance(await bench.run(small=draft), dict)
    assert bench.called("large") == 1


# rag-guarded


async def ranked(bench: Any) -> None:
    """What the reranker found best stands first in the generator's prompt."""
    await bench.run()
    system = bench.servers.bodies["generator"]["messages"][0]["content"]
    assert system == "context:\npassage 2\n\npassage 1\n\npassage 0", system
    await bench.run(reranker=500)
    system = bench.servers.bodies["generator"]["messages"][0]["content"]
    assert system == "context:\npassage 0\n\npassage 1\n\npassage 2", system


# ways


async def tries(bench: Any) -> None:
    """What may pass is tried again, so often; what is rejected is not."""
    await bench.run(lookup=lambda call: 503 if call < 3 else None)
    assert (bench.called("lookup"), bench.called("archive")) == (3, 0), bench.servers.calls
    assert bench.servers.bodies["lookup"] == {"query": {"text": "the question"}}
    await bench.run(lookup=404)
    assert (bench.called("lookup"), bench.called("archive")) == (1, 1), bench.servers.calls
    await bench.run(lookup=503)
    assert (bench.called("lookup"), bench.called("archive")) == (3, 1), bench.servers.calls
    assert await bench.run(lookup=400, archive=400) == "Failed"


async def answered_refusal(bench: Any) -> None:
    """The graph answers a refusal itself, and nothing else runs on what was refused."""
    for told in ("unsafe", "Unsafe, S1", "perhaps"):
        found = await bench.run(guard=told)
        assert list(found) == ["refusal"], found
        assert set(bench.servers.calls) == {"guard", "refuse"}, bench.servers.calls
    for told in (400, 500, Raw("[]"), Raw("nothing")):
        found = await bench.run(guard=told)
        assert found == "Failed", found
        assert set(bench.servers.calls) == {"guard"}, bench.servers.calls


async def draws(bench: Any) -> None:
    """A splitter draws one way, and by and by each."""
    drawn = set()
    for _ in range(24):
        found = await bench.run()
        assert "answer" in found and "refusal" not in found, found
        way = [name for name in ("left", "right") if bench.called(name)]
        assert len(way) == 1, bench.servers.calls
        drawn.update(way)
    assert drawn == {"left", "right"}, drawn


async def races(bench: Any) -> None:
    """Who comes first wins, and nobody waits for the other."""
    for winner, loser in (("fast", "slow"), ("slow", "fast")):
        await bench.run(**{loser: 5.0, winner: f"from {winner}"})
        assert bench.servers.bodies["draft"]["in"] == f"from {winner}", bench.servers.bodies["draft"]


async def rounds(bench: Any) -> None:
    """A loop within a loop begins anew with each round of the outer one."""
    again = {"again": True}
    await bench.run(polish=again, judge=again)
    counted = [bench.called(name) for name in ("draft", "polish", "judge")]
    assert counted == [3, 6, 3], counted
    await bench.run(polish={"again": False}, judge=lambda call: {"again": call < 2})
    counted = [bench.called(name) for name in ("draft", "polish", "judge")]
    assert counted == [2, 2, 2], counted
    assert bench.servers.bodies["draft"]["notes"] == again


async def too_late(bench: Any) -> None:
    """A value that comes too long after the others counts as missing."""
    await bench.run()
    assert bench.servers.bodies["measure"]["vector"] == [0.5, -1.0]
    await bench.run(embed=2.0)
    assert "vector" not in bench.servers.bodies["measure"]


CASES: dict[str, list[Any]] = {
    "agent-tools": [plans_again, never_ends, unasked],
    "cascade": [sure, unsure],
    "rag-guarded": [ranked],
    "ways": [tries, answered_refusal, draws, races, rounds, too_late],
}
