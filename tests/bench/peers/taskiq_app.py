"""A Taskiq worker that posts each event and publishes a result; run alone, it fills the queue."""

# It runs in an environment of its own, whose packages are not here to be checked against.
# mypy: ignore-errors

import asyncio
import os
import sys

import aiohttp
import redis.asyncio
from job import job
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import ListQueueBroker

broker = ListQueueBroker(os.environ["PEER_REDIS"], queue_name="taskiq-peer")
own: dict = {}


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def startup(_: TaskiqState) -> None:
    """Make what all tasks share."""
    own["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    own["results"] = redis.asyncio.from_url(os.environ["PEER_REDIS"])


@broker.task(task_name="deliver")
async def deliver(event: dict) -> None:
    """Bring one event, and publish what became of it."""
    async with own["session"].post(os.environ["PEER_URL"], json=event["data"]) as answer:
        told = await answer.json()
    await own["results"].rpush("taskiq-results", f"{event['id']} {told['RelationId']}")


async def fill(count: int) -> None:
    """Fill the queue."""
    await broker.startup()
    for number in range(count):
        await deliver.kiq(job(number))
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(fill(int(sys.argv[1])))
