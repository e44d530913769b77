"""The journal's tables, equal on SQLite and PostgreSQL."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

VERSION = "0001"  # the newest of migrations/versions
APPLICATION = 0x72776A31  # "rwj1", in the header of an SQLite file of ours

# Moments are seconds since 1970 (UTC); state, rank: see encoding.py.
metadata = MetaData()
Serial = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself in SQLite

# As Alembic makes it.
version = Table(
    "journal_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="journal_version_pkc"),
)

# Numbers that must never fall, whatever is pruned.
marks = Table(
    "watermarks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Each index that is entered at random costs 25 us a row from half a million rows on, one that is entered near its
# end nearly nothing. So subjects are looked up shelf by shelf (of 4096 positions), which only people do; event ids
# have one index, and producers whose ids grow with time (UUIDv7, ULID, numbers) do not feel it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("shelf", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("operation", Text, nullable=False),
    Column("state", SmallInteger, nullable=False, server_default=text("0")),
    Column("rank", SmallInteger, nullable=False, server_default=text("0")),
    Column("maybe_sent", SmallInteger, nullable=False, server_default=text("0")),
    Column("marks", SmallInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("calls", Integer, nullable=False, server_default=text("0")),
    Column("replays", Integer, nullable=False, server_default=text("0")),
    Column("plan", Text),
    Column("first_attempt_at", Double),
    Column("retry_at", Double),
    Column("settled_at", Double),
    Column("note", Text),
    Column("tries", LargeBinary),
    Column("stream", Text, nullable=False),
    Column("stream_sequence", BigInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("headers", LargeBinary),
    Column("body", LargeBinary),
    Column("result", LargeBinary),
)
WINDOW = text("state < 2 AND rank = 0")  # word for word what the query says, else SQLite does not see the index
PENDING_REPLAY = text("state < 2 AND rank = 1")
PENDING = text("state < 2")
SENT = text("state = 1")
UNREPORTED = text("result IS NOT NULL")
Index("deliveries_event", deliveries.c.event_id)
Index("deliveries_subject", deliveries.c.shelf, deliveries.c.subject)
# State and rank are in the indexes that are counted, so that counting reads no row.
_COUNTED = (deliveries.c.state, deliveries.c.rank)
for _name, _where, _also in (
    ("window", WINDOW, _COUNTED),
    ("replay", PENDING_REPLAY, _COUNTED),
    ("sent", SENT, ()),
    ("unreported", UNREPORTED, ()),
):
    Index(
        f"deliveries_{_name}",
        deliveries.c.connection,
        deliveries.c.position,
        *_also,
        sqlite_where=_where,
        postgresql_where=_where,
    )

relations = Table(
    "relations",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("remote_id", Text),
    Column("deleted", SmallInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("sequence", Text),
    Column("doubtful", SmallInteger, nullable=False),
    Column("remote_key", Text),  # the remote id, or its digest where it is too long for an index
    sqlite_with_rowid=False,
)
LIVE = text("deleted = 0 AND remote_key IS NOT NULL")
Index(
    "relations_remote_id",
    relations.c.connection,
    relations.c.remote_key,
    unique=True,
    sqlite_where=LIVE,
    postgresql_where=LIVE,
)

letters = Table(
    "dead_letters",
    metadata,
    Column("id", Text, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("source", Text),
    Column("subject", Text),
    Column("event_id", Text),
    Column("operation", Text),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer),
    Column("first_buried_at", Double, nullable=False),
    Column("buried_at", Double, nullable=False),
    Column("burials", Integer, nullable=False, server_default=text("1")),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("closed_at", Double),
    Column("closed_by", Text),
    Column("why", Text),
)
OPEN_CREATE = text("state = 'open' AND operation = 'create'")
Index("dead_letters_delivery", letters.c.connection, letters.c.position)
Index("dead_letters_state", letters.c.state, letters.c.buried_at)
Index("dead_letters_fingerprint", letters.c.fingerprint)
Index("dead_letters_subject", letters.c.subject)
Index(
    "dead_letters_create",
    letters.c.connection,
    letters.c.source,
    letters.c.subject,
    sqlite_where=OPEN_CREATE,
    postgresql_where=OPEN_CREATE,
)

# Apart from the letters, so that looking through many letters reads no case.
cases = Table(
    "cases",
    metadata,
    Column("letter", Text, primary_key=True),
    Column("case_file", LargeBinary, nullable=False),
)

plans = Table(
    "replays",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
planned = Table(
    "replay_letters",
    metadata,
    Column("plan", Text, primary_key=True),
    Column("letter", Text, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("changed_at", Double, nullable=False),
)
Index("replay_letters_state", planned.c.plan, planned.c.state, planned.c.ordinal)
Index("replay_letters_letter", planned.c.letter)

quota_use = Table(
    "quota_use",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("quota", Text, nullable=False),
    Column("moment", Double, nullable=False),
)
Index("quota_use_moment", quota_use.c.connection, quota_use.c.quota, quota_use.c.moment)

connections = Table(
    "connections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("target", Text),
    Column("host", Text),
    Column("account", Text),
    Column("retired_at", Double),
    Column("paused_by", Text),
    Column("paused_why", Text),
    Column("paused_until", Double),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("until", Double, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", LargeBinary, nullable=False),
)

# What other processes ask of the owner of a connection, because only the owner calls.
requests = Table(
    "requests",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("connection", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("answered_at", Double),
    Column("answer", LargeBinary),
)
UNANSWERED = text("answered_at IS NULL")
Index(
    "requests_unanswered",
    requests.c.connection,
    requests.c.id,
    sqlite_where=UNANSWERED,
    postgresql_where=UNANSWERED,
)
