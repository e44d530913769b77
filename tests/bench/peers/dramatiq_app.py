"""A Dramatiq worker that posts each event and publishes a result; run alone, it fills the queue."""

# It runs in an environment of its own, whose packages are not here to be checked against.
# mypy: ignore-errors

import os
import sys
import threading

import dramatiq
import requests
from dramatiq.brokers.redis import RedisBroker
from job import job

broker = RedisBroker(url=os.environ["PEER_REDIS"])
dramatiq.set_broker(broker)
broker.declare_queue("results")
own = threading.local()


@dramatiq.actor
def deliver(event: dict) -> None:
    """Bring one event, and publish what became of it."""
    session = own.__dict__.setdefault("session", requests.Session())
    answer = session.post(os.environ["PEER_URL"], json=event["data"], timeout=30)
    told = (event["id"], answer.json()["RelationId"])
    broker.enqueue(dramatiq.Message("results", "result", told, {}, {}))


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        deliver.send(job(number))
