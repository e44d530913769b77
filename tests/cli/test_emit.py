"""The command `emit`."""

import asyncio
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.house import command
from worker.brokers.nats import NatsBroker
from worker.cli.exits import Exit, Problem
from worker.cli.reading import items


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": "/crm",
        "type": "relation.deleted",
        "subject": f"cust-{number}",
        "time": "2026-03-02T09:15:04Z",
        "data": {"kind": "party"},
    } | changes


def lines(*events: dict[str, Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, events))


@pytest.mark.parametrize(
    "content",
    [
        lines(event(1), event(2)) + b"\n\n",
        b"\xef\xbb\xbf" + lines(event(1), event(2)),
        orjson.dumps([event(1), event(2)]),
        orjson.dumps([event(1), event(2)], option=orjson.OPT_INDENT_2),
        lines(event(1), event(2)).replace(b"\n", b"\r\n"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_each_form_of_a_file(content: bytes) -> None:
    """JSON lines and arrays are read, with blank lines, a byte order mark, other line ends."""
    assert command("emit", "-", "--check", stdin=content).out == "2 events, all good\n"


@pytest.mark.usefixtures("folder")
def test_one_event_over_many_lines() -> None:
    """A file may hold one event, printed prettily."""
    content = orjson.dumps(event(1), option=orjson.OPT_INDENT_2)

    assert command("emit", "-", "--check", "--json", stdin=content).json == {
        "events": 1,
        "published": 0,
        "refused": [],
    }


@pytest.mark.usefixtures("folder")
def test_broken_events_are_told_by_line_and_nothing_is_published() -> None:
    """Each broken event is named by its line; one is enough to publish none (and to ask no broker)."""
    content = lines(event(1), event(2, type="relation.exploded"), event(3, data={"kind": "party", "x": 1}))

    told = command("emit", "-", stdin=content + b"\n{\n")

    assert told.code == Exit.REFUSED
    assert [line.split(":")[:2] for line in told.err.splitlines()[:3]] == [
        ["line 2", " unknown_type"],
        ["line 3", " invalid_data"],
        ["line 4", " malformed"],
    ]
    assert "3 of 4 events break the contract; none published" in told.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[{},\n{} {}]", "line 2: after this event a comma or ] is missing"),
        (b"[\n\n{]", "line 3: not JSON"),
        (b"[{}]\n{}", "line 1: something follows the array"),
        (b"[", "line 1: not JSON"),
        (b'["\xff"]', "line 1: not UTF-8"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_arrays_that_are_none(content: bytes, said: str) -> None:
    """A damaged array is refused whole, with the line."""
    told = command("emit", "-", stdin=content)

    assert (told.code, told.err) == (Exit.REFUSED, f"error: {said}\n")


@settings(deadline=None)
@given(st.binary(max_size=80) | st.text('[]{}",: \n1ab', max_size=80).map(str.encode))
def test_any_bytes_are_items_or_a_problem(content: bytes) -> None:
    """Whatever is in a file: it is read as items or refused in one line."""
    try:
        found = items(content)
    except Problem as problem:
        assert problem.exit_code == Exit.REFUSED  # noqa: PT017 -- either end is right
    else:
        assert all(item.line >= 1 and item.body.strip() for item in found)


@pytest.mark.parametrize(
    ("args", "environ", "said", "code"),
    [
        (["no-such-file"], {}, "no-such-file cannot be read", Exit.USAGE),
        (["events"], {}, "start `relation-worker run` first", Exit.UNREACHABLE),
        (["events"], {"RELATION_WORKER_BROKER__URL": "nats://127.0.0.1:1"}, "does not answer", Exit.UNREACHABLE),
    ],
)
def test_what_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], environ: dict[str, str], said: str, code: Exit
) -> None:
    """A missing file and a missing broker are told in one line."""
    (folder / "events").write_bytes(lines(event(1)))
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    told = command("emit", *args)

    assert told.code == code
    assert said in told.err
    assert len(told.err.splitlines()) == 1


async def test_events_arrive_as_they_were_written(nats_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published has the subject of its operation and kind, the id for doubles, and the very bytes."""
    broker = NatsBroker(nats_url)
    await broker.start()
    monkeypatch.setenv("RELATION_WORKER_BROKER__URL", nats_url)
    content = lines(*(event(number) for number in range(1, 1203)))
    (folder / "events.jsonl").write_bytes(content)

    told = await asyncio.to_thread(command, "emit", "events.jsonl", "--json")
    await broker.stop()
    client = await nats.connect(nats_url)
    info = await client.jsm().stream_info("RELATIONS")
    first = await client.jsm().get_msg("RELATIONS", 1)
    await client.close()

    assert told.json == {"events": 1202, "published": 1202, "refused": []}
    assert info.state.messages == 1202
    assert (first.subject, first.data) == ("relation.deleted.party", content.splitlines()[0])
    assert (first.headers or {})["Nats-Msg-Id"] == "/crm#e-1"


async def test_no_stream_takes_it(nats_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that no stream takes are told by line, and the command fails."""
    monkeypatch.setenv("RELATION_WORKER_BROKER__URL", nats_url)
    (folder / "events.jsonl").write_bytes(lines(event(1), event(2)))

    told = await asyncio.to_thread(command, "emit", "events.jsonl")

    assert told.code == Exit.FAILED
    assert "line 1: " in told.err
    assert "2 of 2 events were not taken" in told.err
