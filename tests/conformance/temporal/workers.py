"""Runs exported workers with Temporal's development server, against servers for their nodes.

Takes what `../requirements.txt` lists, and a folder with an export of each template, and of the graph
here that goes the ways that these do not:

    for file in public/examples/*.modelspec.yaml tests/conformance/temporal/graphs/*.modelspec.yaml; do
        modelspec export temporal "$file" --accept TG-TEMPORAL-GRPC --output "workers/$(basename "$file" .modelspec.yaml)"
    done
    python tests/conformance/temporal/workers.py workers
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
# Where a guardrail's verdict is asked for.
ASKED = "if verdict == SAFE:"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A development server of its own, until all is done: its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / ("temporal.exe" if os.name == "nt" else "temporal")
    arguments = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [program, *arguments, "--log-level", "never"], stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None:
                sys.exit(f"{program} ends with {process.returncode} before it listens")
            time.sleep(0.25)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def scenarios(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, HERE / "scenarios.py", folder, address],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "RUST_LOG": "off", "PYTHONDONTWRITEBYTECODE": "1"},
    )


def run(folder: str) -> None:
    with server() as address:
        for worker in sorted(Path(folder).iterdir()):
            done = scenarios(worker, address)
            if done.returncode != 0:
                sys.exit(f"{worker}:\n{done.stdout}{done.stderr}")
            # Before its own line stands what the client says of activities that were given up.
            print(done.stdout.strip().rpartition("\n")[2])


def found_out(worker: Path) -> None:
    """Fails where a worker that lets everything pass is not told from one that does not."""
    with tempfile.TemporaryDirectory() as folder, server() as address:
        open_ = Path(folder, worker.name)
        shutil.copytree(worker, open_)
        flow = open_ / "flow.py"
        text = flow.read_text(encoding="utf-8")
        assert ASKED in text, "flow.py asks for the verdict elsewhere"
        flow.write_text(text.replace(ASKED, "if True:"), encoding="utf-8")
        done = scenarios(open_, address)
        if done.returncode == 0 or "AssertionError" not in done.stderr:
            sys.exit(f"a guardrail that lets everything pass is not found out:\n{done.stdout}{done.stderr}")
    print("a guardrail that lets everything pass is found out")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    run(sys.argv[1])
    # A worker whose guardrails let everything pass must be found out: else nothing is proved.
    found_out(Path(sys.argv[1], "rag-guarded"))
