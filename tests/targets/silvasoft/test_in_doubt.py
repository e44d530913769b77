"""How a create whose outcome is unknown is looked for."""

from tests.targets.silvasoft.vendor import SHOWN, person, shown, silvasoft, unnumbered
from tests.targets.walk import answer, failure, task, walked
from worker.errors import UnknownOutcomeError
from worker.targets.base import Applied

LOST = UnknownOutcomeError("connection reset")


def test_a_create_is_repeatable_only_with_a_number_and_abort() -> None:
    """Without a number, or with any CONTINUE, a repeat could make a second relation."""
    cases = [
        (silvasoft(), person(), True),
        (silvasoft(on_existing_email="abort"), person(), True),
        (silvasoft(), unnumbered(), False),
        (silvasoft(on_existing_name="continue"), person(), False),
        (silvasoft(on_existing_number="continue"), person(), False),
        (silvasoft(on_existing_email="continue"), person(), False),
        (silvasoft(), person(native={"silvasoft": {"OnExistingRelationNumber": "CONTINUE"}}), False),
        (silvasoft(), unnumbered(native={"silvasoft": {"CustomerNumber": 5012}}), True),
    ]
    for target, given_event, repeatable in cases:
        step = next(target.course(task(given_event)))
        assert getattr(step, "repeatable", None) is repeatable


def test_a_doubtful_create_is_looked_for_by_number_then_by_email() -> None:
    """After an unknown outcome a create that is not repeatable is found and counted as ours."""
    target = silvasoft(on_existing_name="continue")
    walk = walked(target, task(person(email="a@b.example")), [LOST, shown()])
    assert (walk.end, walk.restarts) == (Applied("created", "120034"), 1)
    assert walk.requests[1].params == (("RelationNumber", "5012"),)
    walk = walked(
        target, task(person(email="a@b.example")), [LOST, answer([]), shown(CustomerNumber=None, Email="a@b.example")]
    )
    assert walk.end == Applied("created", "120034")
    assert [request.params for request in walk.requests[1:]] == [
        (("RelationNumber", "5012"),),
        (("RelationEmail", "a@b.example"),),
    ]


def test_a_doubtful_create_that_left_no_trace_is_sent_again() -> None:
    """Nothing found: the same create goes out again; what belongs to others is not ours."""
    target = silvasoft(on_existing_name="continue")
    walk = walked(target, task(person()), [LOST, answer(b""), shown()])
    assert (walk.end, len(walk.requests)) == (Applied("created", "120034"), 3)
    theirs = shown(RelationGUID=5)
    walk = walked(target, task(person()), [LOST, theirs, shown()], owned={"5"})
    assert walk.end == Applied("created", "120034")


def test_a_repeatable_create_is_not_looked_for() -> None:
    """With a number and ABORT the create itself tells what is there; a look would cost quota."""
    assert walked(silvasoft(), task(person(), in_doubt=True), [shown()]).end == Applied("created", "120034")


def test_a_doubtful_create_that_nothing_can_find_stays_unknown() -> None:
    """Without number and e-mail the vendor cannot be asked."""
    error = failure(walked(silvasoft(), task(unnumbered(), in_doubt=True)))
    assert (type(error), error.reason) == (UnknownOutcomeError, "unknown_outcome")
    error = failure(walked(silvasoft(find_by=["number"]), task(unnumbered(email="a@b.example"), in_doubt=True)))
    assert error.reason == "unknown_outcome"


def test_several_hits_are_ambiguous() -> None:
    """More than one candidate is never guessed at; an e-mail with another name is no candidate."""
    two = answer([SHOWN, {**SHOWN, "RelationGUID": 6}])
    given_task = task(unnumbered(email="a@b.example"), in_doubt=True)
    assert failure(walked(silvasoft(), given_task, [two]), calls=1).reason == "ambiguous"
    rows = answer(
        [
            {**SHOWN, "RelationGUID": 6, "Name": "Jan Visser"},
            {**SHOWN, "Name": "JET  visser"},
            SHOWN,
            {"Name": "Jet Visser"},
            "odd",
        ]
    )
    assert walked(silvasoft(), given_task, [rows]).end == Applied("created", "120034")


def test_with_continue_on_the_number_a_different_holder_is_not_ours() -> None:
    """Who held the number before is passed by: ours would have got another number."""
    target = silvasoft(on_existing_number="continue")
    given_task = task(person(email="a@b.example"), in_doubt=True)
    old, ours = shown(Name="Piet Bos"), shown(RelationGUID=9, CustomerNumber=6000)
    assert walked(target, given_task, [old, ours]).end == Applied(
        "created", "9", warnings=("customer number: 5012 was taken, it is 6000",)
    )
