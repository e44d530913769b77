"""The events of the demo: all that can happen to an event, at all four targets."""

import random
from collections.abc import Iterator
from typing import Any

import orjson

SOURCE = "/demo/crm"
TIME = "2026-03-02T09:15:04.120+01:00"
UNKNOWN_RECORD = 999_999  # what the onOffice sandbox does not have
REFUSED = "refuse me"  # what the OutSmart sandbox is told to refuse
CITIES = ("Groningen", "Utrecht", "Zwolle", "Arnhem")


def messages(seed: int = 1) -> list[tuple[str, bytes]]:
    """Return (operation word, structured CloudEvent) pairs: each relation's own order kept, relations mixed."""
    stories = [*onoffice(), *superoffice(), *outsmart(), *silvasoft()]
    chance = random.Random(seed)  # noqa: S311 -- the same mix for the same seed
    mixed = list(shuffled(stories, chance))
    for broken in reversed(list(intake())):
        mixed.insert(chance.randrange(len(mixed)), broken)
    return [(word, finished(number, message)) for number, (word, message) in enumerate(mixed)]


Story = list[tuple[str, "dict[str, Any] | bytes"]]


def shuffled(stories: list[Story], chance: random.Random) -> "Iterator[tuple[str, dict[str, Any] | bytes]]":
    """Draw from all stories at once; within a story nothing changes its place."""
    open_stories = [iter(story) for story in stories]
    while open_stories:
        story = chance.choice(open_stories)
        message = next(story, None)
        if message is None:
            open_stories.remove(story)
        else:
            yield message


def finished(number: int, message: "dict[str, Any] | bytes") -> bytes:
    """Return the bytes of one message; an event gets its id."""
    if isinstance(message, bytes):
        return message
    return orjson.dumps({"id": f"demo-{number:04}"} | message)


def event(word: str, subject: str, target: str, data: dict[str, Any], **more: Any) -> "tuple[str, dict[str, Any]]":
    """Return one event about one relation, for one connection."""
    return word, {
        "specversion": "1.0",
        "source": SOURCE,
        "type": f"relation.{word}",
        "subject": subject,
        "time": TIME,
        "target": target,
        **more,
        "data": data,
    }


def link(parent: int, child: int, **more: Any) -> dict[str, Any]:
    """Return a link of two records."""
    return {"kind": "link", "parents": [{"record_id": parent}], "children": [{"record_id": child}], **more}


def onoffice() -> Iterator[Story]:
    """Owners of estates, appointments that are confirmed, links to records that are not there."""
    name = "onoffice"
    for number in range(40):
        subject, estate, owner = f"owner-{number}", 400 + number, 8000 + number
        story: Story = [event("created", subject, name, link(estate, owner, relation_type="owner"))]
        if number % 4 == 0:
            moved = link(estate, owner + 100, relation_type="owner", previous={"children": [{"record_id": owner}]})
            story.append(event("updated", subject, name, moved))
        if number % 6 == 5:
            story.append(event("deleted", subject, name, {"kind": "link"}))
        yield story
    for number in range(16):
        subject = f"appointment-{number}"
        ends = link(300 + number, 8000 + number, relation_type="appointment")
        yield [
            event("created", subject, name, ends),
            event("updated", subject, name, {**ends, "confirmation_status": "confirmed"}),
        ]
    for number in range(3):
        yield [event("created", f"lost-{number}", name, link(417, UNKNOWN_RECORD + number, relation_type="owner"))]
    yield [event("created", "odd-type", name, link(417, 8001, relation_type="landlord"))]


def superoffice() -> Iterator[Story]:
    """Companies that hold each other, with comments that change quickly."""
    name = "superoffice"
    for number in range(36):
        subject, source, other = f"holding-{number}", 100 + number, 300 + number
        created = link(source, other, relation_type="holding", comment="holding of")
        story: Story = [event("created", subject, name, created, sequence="1")]
        if number % 3 == 0:
            story += [
                event(
                    "updated",
                    subject,
                    name,
                    {"kind": "link", "comment": f"share {share} %"},
                    sequence=str(share),
                )
                for share in (10, 25, 51)
            ]
        if number % 9 == 3:
            story.append(event("updated", subject, name, {"kind": "link", "comment": "too late"}, sequence="5"))
        if number % 5 == 4:
            story.append(event("deleted", subject, name, {"kind": "link"}))
        yield story
    yield [event("created", "long-comment", name, link(1, 2, relation_type="holding", comment="x" * 300))]
    yield [event("updated", "never-made", name, {"kind": "link", "comment": "of what?"})]


def outsmart() -> Iterator[Story]:
    """Tell of customers by the dozen, in whole records; of one that the vendor refuses."""
    name = "outsmart"
    for number in range(70):
        subject, data = f"customer-{number}", organization(number)
        story: Story = [event("created", subject, name, data)]
        if number % 4 == 1:
            story.append(event("updated", subject, name, {**data, "complete": True, "note": "visited"}))
        if number % 10 == 7:
            story.append(event("updated", subject, name, {**patch("organization"), "telephone": "+31501234567"}))
        if number % 8 == 6:
            story.append(event("deleted", subject, name, {"kind": "party"}))
        yield story
    yield [event("created", "refused", name, {**organization(900), "note": REFUSED})]
    yield [event("created", "no-street", name, {**organization(901), "address": None})]


def silvasoft() -> Iterator[Story]:
    """Private customers; two of one name, and deletions that this vendor does not know."""
    name = "silvasoft"
    for number in range(20):
        subject = f"person-{number}"
        story: Story = [event("created", subject, name, person(number))]
        if number % 4 == 2:
            story.append(event("updated", subject, name, {**patch("person"), "address": {"city": "Leiden"}}))
        if number == 9:
            story.append(event("deleted", subject, name, {"kind": "party"}))
        yield story
    yield [event("created", "namesake-1", name, person(50, family_name="Jansen"))]
    yield [event("created", "namesake-2", name, person(50, family_name="Jansen", customer_number="6999"))]


def intake() -> "Iterator[tuple[str, dict[str, Any] | bytes]]":
    """Messages that concern no connection."""
    yield "created", b"this is no JSON"
    yield "created", b'{"specversion": "1.0", "id": "demo-torn", "source": "/demo/crm"'
    yield event("created", "unsent", "nowhere", link(1, 2, relation_type="owner"))
    yield event("created", "n-to-n", "onoffice", many_to_many())
    yield event("created", "big-id", "onoffice", link(1, 2**40, relation_type="owner"))
    word, future = event("created", "future", "onoffice", link(1, 2, relation_type="owner"))
    yield word, {**future, "type": "relation.created.v9"}


def many_to_many() -> dict[str, Any]:
    """Return what no target takes: several records on both sides."""
    both = [{"record_id": 1}, {"record_id": 2}]
    return {"kind": "link", "relation_type": "owner", "parents": both, "children": both}


def patch(party_type: str) -> dict[str, Any]:
    """Return the beginning of a change to a party."""
    return {"kind": "party", "party_type": party_type}


def organization(number: int) -> dict[str, Any]:
    """Return a company with all that OutSmart requires."""
    return {
        "kind": "party",
        "party_type": "organization",
        "customer_number": f"C-{1000 + number}",
        "name": f"Bakkerij {number}",
        "email": f"info@bakkerij-{number}.example",
        "address": {
            "street": "Kade",
            "house_number": str(number + 1),
            "postal_code": "9711AB",
            "city": CITIES[number % len(CITIES)],
            "country_code": "NL",
        },
    }


def person(number: int, **more: Any) -> dict[str, Any]:
    """Return a private person with a number of their own."""
    return {
        "kind": "party",
        "party_type": "person",
        "customer_number": str(5000 + number),
        "given_name": "Jet",
        "family_name": f"Visser-{number}",
        "email": f"jet{number}@example.org",
        "address": {"street": "Kade", "house_number": "7", "postal_code": "9711AB", "city": "Groningen"},
        **more,
    }
