"""One nats-server, or three as one cluster."""

import socket
from pathlib import Path
from typing import Self

from tests.brokers.servers import TestServer

CONFIG = """
server_name: node-{number}
jetstream {{ sync_interval: 1s }}
cluster {{
  name: relations
  listen: "127.0.0.1:{port}"
  routes: [{routes}]
}}
"""


class Brokers:
    """Real servers on loopback."""

    def __init__(self, folder: Path, count: int) -> None:
        ports = free_ports(count)
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
        self.servers = [
            TestServer(
                folder / f"nats-{number}",
                CONFIG.format(number=number, port=port, routes=routes) if count > 1 else SINGLE,
            )
            for number, port in enumerate(ports, 1)
        ]

    @property
    def url(self) -> str:
        """All addresses, as the settings want them."""
        return ",".join(server.url for server in self.servers)

    def __enter__(self) -> Self:
        for server in self.servers:
            server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.stop()


SINGLE = "jetstream { sync_interval: 1s }"


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has now."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports
