"""Speaks to one database connection in compiled statements."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from sqlalchemy import CTE, Column, Values, bindparam, column, values
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.ddl import ExecutableDDLElement

Row = tuple[Any, ...]
Clock = Callable[[], float]
Parameters = list[tuple[str, Any]]  # name, and value unless another is given
LARGEST = 128  # rows
STEP = 8  # by which pieces grow, so that few texts are made and kept by the driver


class Cursor(Protocol):
    """What the drivers give back."""

    @property
    def rowcount(self) -> int: ...
    def fetchall(self) -> list[Row]: ...


class Connection(Protocol):
    """What the drivers have in common; neither begins transactions by itself as we open it."""

    def execute(self, query: str, params: Sequence[Any] = ..., /) -> Cursor: ...
    def close(self) -> None: ...


class Fixed:
    """A statement that never changes; it is compiled once per session."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement


class Many:
    """A statement over many rows: `build` is given them as table `v` or, for inserts, as dictionaries.

    One execution carries up to 128 rows. SQLite's driver gives the interpreter away at each execution and waits
    to get it back: row by row, 200 rows took half a second beside a busy loop, in three pieces 24 ms.
    """

    def __init__(self, columns: Sequence[Column[Any]], build: Callable[[CTE], Executable]) -> None:
        self.columns = columns
        self.build = build

    def statement(self, rows: int) -> Executable:
        return self.build(table_of(self.columns, rows))


class ManyInserts:
    """An insert of many rows; see `Many`."""

    def __init__(self, columns: Sequence[Column[Any]], build: Callable[[list[Mapping[str, Any]]], Executable]) -> None:
        self.columns = columns
        self.build = build

    def statement(self, rows: int) -> Executable:
        return self.build([{c.name: parameter(c, i) for c in self.columns} for i in range(rows)])


def parameter(of: Column[Any], row: int) -> Any:
    return bindparam(f"r{row}_{of.name}", type_=of.type)


def table_of(columns: Sequence[Column[Any]], rows: int) -> CTE:
    """Return a table `v` of so many rows of parameters."""
    table: Values = values(*(column(c.name, c.type) for c in columns), name="v")
    return table.data([tuple(parameter(c, i) for c in columns) for i in range(rows)]).cte("v")


class Session:
    """One connection, its dialect and its clock; used by one thread at a time."""

    def __init__(self, connection: Connection, dialect: Dialect, clock: Clock | None) -> None:
        self.connection = connection
        self.dialect = dialect
        self._clock = clock
        self._fixed: dict[int, tuple[str, Parameters]] = {}
        self._models: dict[int, tuple[str, Parameters, str]] = {}
        self._many: dict[tuple[int, int], tuple[str, list[Any]]] = {}

    def now(self) -> float:
        """Return the database's clock, which all workers on it share."""
        if self._clock is not None:
            return self._clock()
        found = self.connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchall()
        return float(found[0][0])

    def rows(self, statement: Fixed | Executable, **parameters: Any) -> list[Row]:
        """Return all rows that a statement gives."""
        return self._execute(statement, parameters).fetchall()

    def run(self, statement: Fixed | Executable, **parameters: Any) -> int:
        """Execute a statement and return how many rows it touched."""
        return self._execute(statement, parameters).rowcount

    def many(self, statement: Many | ManyInserts, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement over rows, in few pieces."""
        for piece in pieces(rows):
            self._execute_many(statement, piece)

    def look(self, statement: Many, rows: Sequence[Sequence[Any]]) -> list[Row]:
        """Return what a question about many rows gives."""
        found: list[Row] = []
        for piece in pieces(rows):
            found += self._execute_many(statement, piece).fetchall()
        return found

    def define(self, definition: ExecutableDDLElement) -> None:
        """Create a table or an index."""
        self.connection.execute(str(definition.compile(dialect=self.dialect)))

    def say(self, text: str) -> Cursor:
        """Execute a text as it stands."""
        return self.connection.execute(text)

    def _execute(self, statement: Fixed | Executable, parameters: Mapping[str, Any]) -> Cursor:
        text, names = self._compiled(statement)
        return self.connection.execute(text, [parameters.get(name, default) for name, default in names])

    def _compiled(self, statement: Fixed | Executable) -> tuple[str, Parameters]:
        if not isinstance(statement, Fixed):
            return positional(self._compile(statement))
        if id(statement) not in self._fixed:
            self._fixed[id(statement)] = positional(self._compile(statement.statement))
        return self._fixed[id(statement)]

    def _execute_many(self, statement: Many | ManyInserts, rows: Sequence[Sequence[Any]]) -> Cursor:
        key = (id(statement), len(rows))
        if key not in self._many:
            self._many[key] = self._compiled_many(statement, len(rows))
        text, constants = self._many[key]
        return self.connection.execute(text, (*chain.from_iterable(rows), *constants))

    def _compiled_many(self, statement: Many | ManyInserts, rows: int) -> tuple[str, list[Any]]:
        """Return the text and its constants, which come after the rows."""
        if id(statement) not in self._models:
            model = positional(self._compile(statement.statement(1)))
            self._models[id(statement)] = (*model, positional(self._compile(statement.statement(2)))[0])
        first, parameters, second = self._models[id(statement)]
        wanted = [f"r0_{c.name}" for c in statement.columns]
        assert [name for name, _ in parameters[: len(wanted)]] == wanted, parameters
        return repeated(first, second, rows), [value for _, value in parameters[len(wanted) :]]

    def _compile(self, statement: Executable) -> SQLCompiler:
        compiled = statement.compile(dialect=self.dialect, compile_kwargs={"render_postcompile": True})  # type: ignore[attr-defined]  # every executable of ours is a clause
        assert isinstance(compiled, SQLCompiler)
        return compiled


def positional(compiled: SQLCompiler) -> tuple[str, Parameters]:
    """Return the text and, in order, its parameters with what they are unless given."""
    return str(compiled), [(name, compiled.params[name]) for name in compiled.positiontup or ()]


def repeated(one: str, two: str, rows: int) -> str:
    """Return the text for many rows from those for one and two: compiling 128 rows takes SQLAlchemy long."""
    end = one.index(")", one.index("VALUES (")) + 1
    row = two[end : end + len(two) - len(one)]
    assert one[:end] + row + one[end:] == two, two
    return one[:end] + row * (rows - 1) + one[end:]


def pieces(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield the rows in two pieces where they are no more than `LARGEST`, and of 23 sizes in all."""
    at, left = 0, len(rows)
    while left:
        size = left if left < STEP else min(LARGEST, left - left % STEP)
        yield rows[at : at + size]
        at += size
        left -= size
