"""The worker: `python worker.py` runs workflows and activities until it is stopped.

Where Temporal is, the variables of its own tools say: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY and TEMPORAL_TLS_*, or a profile in its configuration file.
"""

from __future__ import annotations

import asyncio
import signal

import httpx
from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

from activities import Nodes
from graph import GRAPH
from workflow import GraphWorkflow


async def main() -> None:
    connection = ClientConfig.load_client_connect_config()
    connection.setdefault("target_host", "localhost:7233")
    client = await Client.connect(**connection)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    async with httpx.AsyncClient() as http:
        worker = Worker(
            client,
            task_queue=GRAPH.task_queue,
            workflows=[GraphWorkflow],
            activities=Nodes(http).activities(),
        )
        async with worker:
            await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())
