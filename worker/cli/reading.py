"""Events as people keep them in files: JSON lines, one object, or an array."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from worker.cli.exits import Exit, Problem

BLANK = " \t\r\n"
MARK = b"\xef\xbb\xbf"  # some editors write it at the beginning of a file


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it stands in the input, and the line on which it begins."""

    line: int
    body: bytes


def items(raw: bytes) -> list[Item]:
    """Return what may be events; whether they are is for the contract to say.

    Raises Problem when not even their bounds can be told.
    """
    raw = raw.removeprefix(MARK)
    if raw.lstrip().startswith(b"["):
        return list(of_array(text(raw)))
    lines = [Item(number, line) for number, line in enumerate(raw.splitlines(), start=1) if line.strip()]
    if len(lines) > 1 and not is_json(lines[0].body) and is_json(raw):
        return [Item(lines[0].line, raw.strip())]
    return lines


def is_json(raw: bytes) -> bool:
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return False
    return True


def text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Problem(f"line {line}: not UTF-8", Exit.REFUSED) from error


def of_array(whole: str) -> Iterator[Item]:
    """Yield the members of an array, each with its own bytes."""
    decoder = json.JSONDecoder()
    at, line, counted = after_blanks(whole, whole.index("[") + 1), 1, 0
    while whole[at : at + 1] != "]":
        line, counted = line + whole.count("\n", counted, at), at
        try:
            _, end = decoder.raw_decode(whole, at)
        except (ValueError, RecursionError) as error:
            raise Problem(f"line {line}: not JSON", Exit.REFUSED) from error
        yield Item(line, whole[at:end].encode())
        at = after_comma(whole, end, line)
    if whole[at + 1 :].strip(BLANK):
        raise Problem(f"line {whole.count(chr(10), 0, at) + 1}: something follows the array", Exit.REFUSED)


def after_comma(whole: str, at: int, line: int) -> int:
    at = after_blanks(whole, at)
    if whole[at : at + 1] == ",":
        return after_blanks(whole, at + 1)
    if whole[at : at + 1] != "]":
        raise Problem(f"line {line}: after this event a comma or ] is missing", Exit.REFUSED)
    return at


def after_blanks(whole: str, at: int) -> int:
    while whole[at : at + 1] and whole[at] in BLANK:
        at += 1
    return at
