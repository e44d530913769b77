"""What a broker is like, seen from outside and without changing anything."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError

from worker.brokers.base import BrokerError
from worker.brokers.client import Connector, Credentials, OneLifeClient, addresses
from worker.brokers.connection import check, refused, said, shown, unmendable
from worker.brokers.streams import StreamLimits, misfits, wanted


@dataclass(slots=True)
class Inspected:
    """A broker that answers; `streams`: what is wrong with each that exists, None for one that is not there yet."""

    where: str
    version: str
    max_payload: int
    streams: dict[str, list[str] | None] = field(default_factory=dict)
    clock: datetime | None = None


async def inspected(url: str, credentials: Credentials, limits: StreamLimits) -> Inspected:
    """Look at a broker; raises BrokerError where it cannot be worked with at all."""
    connector = Connector(addresses(url), credentials)
    where = ", ".join(map(shown, connector.servers))
    try:
        client = await connector.fresh()
        check(client, where)
        return await looked_at(client, where, limits)
    except APIError as error:
        raise BrokerError(error.description or "JetStream is not ready") from error
    except (NatsError, OSError) as error:
        why = connector.heard or error
        raise unmendable(why, where) or BrokerError(f"NATS at {where} does not answer ({said(why)})") from error
    finally:
        await connector.drop()


async def looked_at(client: OneLifeClient, where: str, limits: StreamLimits) -> Inspected:
    version = client.connected_server_version
    found = Inspected(where, f"{version.major}.{version.minor}.{version.patch}", client.max_payload)
    js = client.jetstream()
    for want in wanted(limits):
        name = want.name or ""
        try:
            info = await js.stream_info(name)
        except NotFoundError:
            found.streams[name] = None
            continue
        except APIError as error:
            raise refused(error, where, has_jetstream=client.has_jetstream) from error
        found.streams[name] = list(misfits(info.config, want))
        found.clock = await clock(client, name)
    return found


async def clock(client: OneLifeClient, stream: str) -> datetime | None:
    """Return the server's time; nats-py does not hand it on."""
    answer: Any = orjson.loads((await client.request(f"$JS.API.STREAM.INFO.{stream}", timeout=2.0)).data)
    text = answer.get("ts") if isinstance(answer, dict) else None
    return datetime.fromisoformat(text) if isinstance(text, str) else None
