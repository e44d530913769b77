"""As much of PromQL as the alert rules speak, evaluated over a few scrapes."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Value = Vector | float

TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)(?![smhd\w])|(?P<range>\[\d+[smhd]\])|(?P<text>"[^"]*")'
    r"|(?P<word>[A-Za-z_]\w*)|(?P<sign>==|!=|>=|<=|=~|[-+*/><=(){},]))"
)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
AGGREGATE: Mapping[str, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}
OVER_TIME = {"increase", "rate"}


@dataclass(frozen=True, slots=True)
class Scrape:
    """All samples at one moment, by metric and labels."""

    at: float
    samples: Mapping[tuple[str, Labels], float]


def scrape(at: float, page: str) -> Scrape:
    found = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    return Scrape(at, found)


def evaluated(expression: str, scrapes: Sequence[Scrape]) -> Value:
    """Return what an expression is at the last scrape."""
    parser = Parser(list(tokens(expression)), scrapes)
    value = parser.conjunction()
    assert not parser.left, f"not understood: {parser.left}"
    return value


def names(expression: str) -> set[str]:
    """Return the metrics that an expression reads."""
    return set(re.findall(r"\brelation_worker_\w+", expression))


def tokens(text: str) -> Iterable[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        assert found, f"not understood: {text[at:]}"
        at = found.end()
        kind = str(found.lastgroup)
        yield kind, found[kind]


@dataclass(slots=True)
class Parser:
    """Reads and evaluates in one go."""

    left: list[tuple[str, str]]
    scrapes: Sequence[Scrape]
    ranges: list[float] = field(default_factory=list)

    def next_is(self, *texts: str) -> bool:
        return bool(self.left) and self.left[0][1] in texts

    def take(self, *texts: str) -> str:
        assert not texts or self.next_is(*texts), f"{texts} wanted: {self.left}"
        return self.left.pop(0)[1]

    def conjunction(self) -> Value:
        value = self.comparison()
        while self.next_is("and"):
            self.take()
            on = self.labels() if self.next_is("on") and self.take() else None
            other = self.comparison()
            assert isinstance(value, dict)
            assert isinstance(other, dict)
            present = {key(labels, on) for labels in other}
            value = {labels: each for labels, each in value.items() if key(labels, on) in present}
        return value

    def comparison(self) -> Value:
        value = self.quotient()
        if not self.next_is(*COMPARE):
            return value
        compare, other = COMPARE[self.take()], self.quotient()
        assert isinstance(value, dict)
        assert isinstance(other, float)
        return {labels: each for labels, each in value.items() if compare(each, other)}

    def quotient(self) -> Value:
        value = self.term()
        while self.next_is("/"):
            self.take()
            below = self.term()
            assert isinstance(value, dict)
            assert isinstance(below, dict)
            value = {labels: each / below[labels] for labels, each in value.items() if below.get(labels)}
        return value

    def term(self) -> Value:
        kind, text = self.left.pop(0)
        if kind == "number":
            return float(text)
        if text in AGGREGATE:
            by = self.labels() if self.next_is("by") and self.take() else ()
            self.take("(")
            value = self.conjunction()
            self.take(")")
            assert isinstance(value, dict)
            return grouped(AGGREGATE[text], value, by)
        if text in OVER_TIME:
            self.take("(")
            value = self.selected(self.take(), text)
            self.take(")")
            return value
        return self.selected(text, "")

    def labels(self) -> tuple[str, ...]:
        self.take("(")
        found = []
        while not self.next_is(")"):
            found.append(self.take())
            if self.next_is(","):
                self.take()
        self.take(")")
        return tuple(found)

    def selected(self, metric: str, function: str) -> Vector:
        wanted = self.matchers() if self.next_is("{") else []
        last = self.scrapes[-1]
        found = {
            labels: value
            for (name, labels), value in last.samples.items()
            if name == metric and all(re.fullmatch(pattern, dict(labels).get(label, "")) for label, pattern in wanted)
        }
        if not function:
            return found
        span = self.take()
        seconds = float(span[1:-2]) * UNITS[span[-2]]
        first = next(each for each in self.scrapes if each.at >= last.at - seconds)
        over = last.at - first.at if function == "rate" else 1.0
        before = {labels: first.samples.get((metric, labels)) for labels in found}  # a new series has not increased
        return {labels: (value - was) / over for labels, value in found.items() if (was := before[labels]) is not None}

    def matchers(self) -> list[tuple[str, str]]:
        self.take("{")
        found = []
        while not self.next_is("}"):
            label, sign, text = self.take(), self.take("=", "=~"), self.take().strip('"')
            found.append((label, text if sign == "=~" else re.escape(text)))
            if self.next_is(","):
                self.take()
        self.take("}")
        return found


def key(labels: Labels, on: tuple[str, ...] | None) -> Labels:
    return labels if on is None else frozenset(each for each in labels if each[0] in on)


def grouped(aggregate: Callable[[Iterable[float]], float], value: Vector, by: tuple[str, ...]) -> Vector:
    groups: dict[Labels, list[float]] = {}
    for labels, each in value.items():
        groups.setdefault(key(labels, by), []).append(each)
    return {labels: float(aggregate(each)) for labels, each in groups.items()}
