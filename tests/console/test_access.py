"""Sessions, and whose they are."""

from worker.console.access import SESSION_SECONDS, Access


def test_ended_sessions_are_forgotten_when_they_would_have_expired() -> None:
    """An ended session is refused for as long as it would have lasted, alone, and remembered no longer."""
    now = [1000.0]
    access = Access("one-token", None, lambda: now[0])
    key = access.key("one-token")
    assert key
    ended, other = access.session(key), access.session(key)
    access.end(ended)
    access.end("forged")
    assert access.visitor(ended) is None
    assert access.visitor(other)
    now[0] += SESSION_SECONDS
    assert access.visitor(ended) is None
    assert access.visitor(other)
    now[0] += 1
    assert access.visitor(other) is None
    access.end(later := access.session(key))
    assert len(access.ended) == 1
    assert access.visitor(later) is None


def test_a_session_is_of_one_operator() -> None:
    """A session is signed with its own operator's token: when that is taken away, so is the session, and no other."""
    both = Access(None, None, lambda: 1000.0, {"ann": "anns-token", "bob": "bobs-token"})
    ann, bob = both.key("anns-token"), both.key("bobs-token")
    assert ann
    assert bob
    assert (both.made, both.key("")) == (None, None)
    fewer = Access(None, None, lambda: 1000.0, {"bob": "bobs-token"})
    assert fewer.visitor(both.session(ann)) is None
    found = fewer.visitor(both.session(bob))
    assert found
    assert (found.name, found.role) == ("bob", "operator")
    other = both.visitor(both.session(ann))
    assert other
    assert other.form != found.form
