"""Has Temporal's sandbox take exported workers, without a server and without a run.

    definitions.py FOLDER

Each folder below holds a worker. All that it imports is imported, the sandbox prepares its workflow,
and its conditions are compiled.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

# Once for all workers: each is looked at by a copy of this process.
import cel
import httpx  # noqa: F401
import temporalio.worker  # noqa: F401
from temporalio.worker.workflow_sandbox import RestrictedWorkflowAccessError, SandboxedWorkflowRunner


async def look(folder: Path) -> None:
    """What a worker does before it asks the server for work."""
    sys.path.insert(0, str(folder))
    import activities
    import worker  # noqa: F401
    from graph import GRAPH
    from workflow import GraphWorkflow

    definition = getattr(GraphWorkflow, "__temporal_workflow_definition")
    SandboxedWorkflowRunner().prepare_workflow(definition)
    assert definition.name == GRAPH.name, f"{definition.name} is not {GRAPH.name}"
    assert activities.Nodes, "no node is called"
    for edge in GRAPH.edges:
        if edge.when not in (None, "default"):
            cel.compile(edge.when)


def apart(task: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """The status of a copy of this process that does a task: modules of one worker are not another's."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        asyncio.run(task())
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def found_out(worker: Path) -> None:
    """Fails where a workflow is taken that asks for the time of the machine."""
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder, "worker")
        shutil.copytree(worker, other)
        with (other / "flow.py").open("a", encoding="utf-8") as flow:
            flow.write("\nimport datetime\n\nBEGUN = datetime.datetime.now()\n")

        async def refused() -> None:
            try:
                await look(other)
            except RestrictedWorkflowAccessError as error:
                assert "datetime.now" in str(error), str(error)
                return
            raise AssertionError("a workflow that asks for the time is taken")

        if apart(refused) != 0:
            sys.exit("nothing is proved")


def main(folder: str) -> None:
    workers = sorted(Path(folder).iterdir())
    if not workers:
        sys.exit(f"{folder}: nothing was exported")
    for worker in workers:
        if apart(lambda: look(worker)) != 0:
            sys.exit(str(worker))
    found_out(workers[0])
    print(f"{len(workers)} workers of temporal")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
