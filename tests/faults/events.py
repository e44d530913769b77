"""The events of the suite: each writes its own name and version at the vendor, so that order can be read there."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SOURCE = "/faults"
TIME = "2026-03-02T09:15:04.120+01:00"
VENDORS = ("onoffice", "superoffice", "outsmart", "silvasoft")
FIRST_ESTATE, FIRST_CHILD, VERSIONS = 1_000, 100_000, 100


@dataclass(frozen=True, slots=True)
class Made:
    """One message as a producer publishes it; `name` is what becomes of it once, however often it comes."""

    word: str
    name: str
    body: bytes


Story = list[Made]


def stories(count: int, vendors: Sequence[str] = VENDORS, *, updates: int = 2, first: int = 0) -> list[Story]:
    """Return so many relations' lives, in turns for each vendor; every fifth one ends in a deletion."""
    return [story(vendors[place % len(vendors)], first + place, updates) for place in range(count)]


def story(vendor: str, number: int, updates: int) -> Story:
    """Return one relation's life."""
    subject = f"{vendor}-{number}"
    made = [event("created", subject, 1, vendor, DATA[vendor](number, 1))]
    made += [event("updated", subject, each, vendor, DATA[vendor](number, each)) for each in range(2, updates + 2)]
    if number % 5 == 4 and vendor != "silvasoft":
        kind = "party" if vendor == "outsmart" else "link"
        made.append(event("deleted", subject, updates + 2, vendor, {"kind": kind}))
    return made


def event(word: str, subject: str, version: int, vendor: str, data: dict[str, Any]) -> Made:
    """Return one event for one connection."""
    name = f"{subject}-v{version}"
    body = {
        "specversion": "1.0",
        "id": name,
        "source": SOURCE,
        "type": f"relation.{word}",
        "subject": subject,
        "time": TIME,
        "sequence": str(version),
        "target": vendor,
        "data": data,
    }
    return Made(word, name, orjson.dumps(body))


def mixed(stories: Iterable[Story], seed: int = 1) -> Story:
    """Return all events, relations mixed, each relation's own order kept."""
    return list(drawn(stories, random.Random(seed)))


def shuffled(stories: Iterable[Story], seed: int = 1, copies: int = 3) -> Story:
    """Return every event so many times, in no order at all but that a relation begins with its creation."""
    chance = random.Random(seed)
    return list(drawn((shaken(story, chance, copies) for story in stories), chance))


def shaken(story: Story, chance: random.Random, copies: int) -> Story:
    rest = story[1:] * copies + story[:1] * (copies - 1)
    chance.shuffle(rest)
    return [story[0], *rest]


def drawn(stories: Iterable[Story], chance: random.Random) -> Iterator[Made]:
    open_stories = [iter(story) for story in stories]
    while open_stories:
        story = chance.choice(open_stories)
        made = next(story, None)
        if made is None:
            open_stories.remove(story)
        else:
            yield made


def poison(number: int) -> Made:
    """Return a message that nobody can bring anywhere, another kind each time."""
    bodies = (
        b"this is no JSON",
        b'{"specversion": "1.0", "id": "torn',
        orjson.dumps({"specversion": "1.0", "id": f"p-{number}", "source": SOURCE, "type": "relation.created.v9"}),
        orjson.dumps(orjson.loads(event("created", f"p-{number}", 1, "nowhere", {"kind": "link"}).body)),
        b'{"a":' * 2_000,
        b"\xff\xfe" * 64,
    )
    return Made("created", f"poison-{number}", bodies[number % len(bodies)])


def text(subject: str, version: int) -> str:
    return f"{subject} v{version}"


def on_office(number: int, version: int) -> dict[str, Any]:
    """Each version ties the estate to another child, so that the records tell the versions apart."""
    child = FIRST_CHILD + number * VERSIONS + version
    data: dict[str, Any] = {
        "kind": "link",
        "relation_type": "owner",
        "parents": [{"record_id": FIRST_ESTATE + number}],
        "children": [{"record_id": child}],
    }
    return data if version == 1 else {**data, "previous": {"children": [{"record_id": child - 1}]}}


def super_office(number: int, version: int) -> dict[str, Any]:
    comment = text(f"superoffice-{number}", version)
    if version > 1:
        return {"kind": "link", "comment": comment}
    ends = {"parents": [{"record_id": 1_000 + number}], "children": [{"record_id": 500_000 + number}]}
    return {"kind": "link", "relation_type": "holding", "comment": comment, **ends}


def out_smart(number: int, version: int) -> dict[str, Any]:
    whole = {"complete": True} if version > 1 else {}
    return {
        "kind": "party",
        "party_type": "organization",
        "customer_number": f"C-{1000 + number}",
        "name": f"Bakkerij {number}",
        "note": text(f"outsmart-{number}", version),
        "address": {"street": "Kade", "house_number": "1", "postal_code": "9711AB", "city": "Delft"},
        **whole,
    }


def silvasoft(number: int, version: int) -> dict[str, Any]:
    city = {"address": {"city": text(f"silvasoft-{number}", version)}}
    if version > 1:
        return {"kind": "party", "party_type": "person", **city}
    return {
        "kind": "party",
        "party_type": "person",
        "customer_number": str(5000 + number),
        "given_name": "Jet",
        "family_name": f"Visser-{number}",
        **city,
    }


DATA = {"onoffice": on_office, "superoffice": super_office, "outsmart": out_smart, "silvasoft": silvasoft}
