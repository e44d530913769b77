"""Knows which account stands behind a connection's name, and renames, retires and rekeys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite just as well

from worker.journal.encoding import moment_or_none
from worker.journal.errors import JournalError
from worker.journal.rows import INTAKE
from worker.journal.session import Fixed, Row, Session
from worker.journal.tables import (
    PENDING,
    connections,
    deliveries,
    leases,
    letters,
    quota_use,
    relations,
    requests,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which account a connection calls; `account` is the vendor's customer id or a digest of the key."""

    target: str
    host: str
    account: str


@dataclass(frozen=True, slots=True)
class Known:
    """A connection as the journal knows it; without an identity it was only paused so far."""

    name: str
    identity: Identity | None
    retired_at: datetime | None


_c = connections.c
ALL = Fixed(select(_c.name, _c.target, _c.host, _c.account, _c.retired_at).order_by(_c.name))
ONE = Fixed(select(_c.name, _c.target, _c.host, _c.account, _c.retired_at).where(_c.name == bindparam("name_")))
_new = insert(connections).values({name: bindparam(name) for name in ("name", "target", "host", "account")})
IDENTIFY = Fixed(
    _new.on_conflict_do_update(
        index_elements=["name"],
        set_={**{name: _new.excluded[name] for name in ("target", "host", "account")}, "retired_at": null()},
    )
)
SAME = Fixed(
    select(_c.name).where(
        _c.target == bindparam("target_"),
        _c.host == bindparam("host_"),
        _c.account == bindparam("account_"),
        _c.name != bindparam("name_"),
        _c.retired_at.is_(None),
    )
)
RETIRE = Fixed(update(connections).where(_c.name == bindparam("name_")).values(retired_at=bindparam("at")))
RUNNING = Fixed(select(leases.c.owner).where(leases.c.name == bindparam("name_"), leases.c.until > bindparam("now")))
_HOLDERS = (
    connections.c.name,
    leases.c.name,
    *(table.c.connection for table in (deliveries, relations, letters, quota_use, requests)),
)
WAITING = Fixed(select(func.count()).where(deliveries.c.connection == bindparam("name_"), PENDING))
RENAMES = tuple(
    Fixed(update(column.table).where(column == bindparam("old")).values({column.name: bindparam("new")}))
    for column in _HOLDERS
)
USES = tuple(Fixed(select(column).where(column == bindparam("name_")).limit(1)) for column in _HOLDERS)


def identities(session: Session) -> dict[str, Known]:
    """Return all connections that were ever worked or paused."""
    return {known.name: known for known in (known_of(row) for row in session.rows(ALL))}


def identity(session: Session, name: str) -> Known | None:
    found = session.rows(ONE, name_=name)
    return known_of(found[0]) if found else None


def known_of(row: Row) -> Known:
    name, target, host, account, retired_at = row
    whole = None if target is None else Identity(target, host, account)
    return Known(name, whole, moment_or_none(retired_at))


def identify(session: Session, name: str, new: Identity) -> None:
    """Store a connection's identity at its first use; raises JournalError if it is known with another.

    So two connections never share one account, which would double the quota.
    """
    known = identity(session, name)
    if known is not None and known.identity not in {None, new}:
        raise JournalError(
            f"{name} is known as another account ({shown(known.identity)}, not {shown(new)}). If the key was "
            f"rotated: relation-worker connections rekey {name}. If it is a new account, give it a new name."
        )
    write(session, name, new)


def rekey(session: Session, name: str, new: Identity) -> None:
    """Confirm that the same account has a new key; raises JournalError if it is another target."""
    known = identity(session, name)
    if known is None or known.identity is None:
        raise JournalError(f"{name} is not known here; see: relation-worker connections list")
    if known.identity.target != new.target:
        raise JournalError(f"{name} is at {known.identity.target}, not at {new.target}; give it a new name")
    write(session, name, new)


def write(session: Session, name: str, new: Identity) -> None:
    who = {"target_": new.target, "host_": new.host, "account_": new.account}
    same = session.rows(SAME, name_=name, **who)
    if same:
        raise JournalError(
            f"{same[0][0]} and {name} are the same account, which would double its quota. If it was renamed: "
            f"relation-worker connections rename {same[0][0]} {name}"
        )
    session.run(IDENTIFY, name=name, target=new.target, host=new.host, account=new.account)


def shown(known: Identity | None) -> str:
    return "none" if known is None else f"{known.target}, {known.host}, {known.account}"


def rename(session: Session, old: str, new: str) -> None:
    """Give a connection and all that is kept for it another name; raises JournalError, changing nothing."""
    if INTAKE in {old, new}:
        raise JournalError(f"{INTAKE} is the worker's own")
    if not any(session.rows(each, name_=old) for each in USES):
        raise JournalError(f"{old} is not known here; see: relation-worker connections list")
    if any(session.rows(each, name_=new) for each in USES):
        raise JournalError(f"{new} is in use already; two connections cannot become one")
    refuse_running(session, old)
    for each in RENAMES:
        session.run(each, old=old, new=new)


def retire(session: Session, name: str, at: datetime) -> int:
    """Say that a connection is gone for good; return how many deliveries still wait for it."""
    refuse_running(session, name)
    if session.run(RETIRE, name_=name, at=at.timestamp()) < 1:
        raise JournalError(f"{name} is not known here; see: relation-worker connections list")
    return int(session.rows(WAITING, name_=name)[0][0])


def refuse_running(session: Session, name: str) -> None:
    found = session.rows(RUNNING, name_=name, now=session.now())
    if found:
        raise JournalError(f"{name} is worked by {found[0][0]} now; stop the worker first")
