"""The command `asyncapi`: all channels, in and out, as an AsyncAPI 3 document."""

from worker.cli.options import ConfigFile, settings
from worker.cli.output import show_json

LOCAL = "nats://127.0.0.1:4222"


def asyncapi(config: ConfigFile = None) -> None:
    """Print the AsyncAPI 3 document of what the worker takes and tells, in JSON."""
    from importlib.metadata import version

    from worker.brokers.asyncapi import document
    from worker.brokers.client import Connector, addresses
    from worker.brokers.nats import NatsBroker
    from worker.starting import credentials

    section = settings(config).broker
    url = LOCAL if section.embedded else section.url
    made: Connector = NatsBroker(addresses(url), credentials(section)).connector
    show_json(document(made, version("relation-worker")))
