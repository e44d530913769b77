"""A Celery worker that posts each event and publishes a result; run alone, it fills the queue."""

# It runs in an environment of its own, whose packages are not here to be checked against.
# mypy: ignore-errors

import os
import sys

import requests
from celery import Celery
from job import job

app = Celery("peer", broker=os.environ["PEER_REDIS"])
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=16)
session = requests.Session()


@app.task(name="deliver")
def deliver(event: dict) -> None:
    """Bring one event, and publish what became of it."""
    answer = session.post(os.environ["PEER_URL"], json=event["data"], timeout=30)
    app.send_task("result", args=[event["id"], answer.json()["RelationId"]], queue="results")


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        deliver.delay(job(number))
