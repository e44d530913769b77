"""Pictures drawn on the server, as SVG without a line of style or script."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from worker.console.flow import Minute

WIDTH, HEIGHT = 480, 64
FULL = 0.999


def bar(share: float, label: str) -> Markup:
    """Return how much of something is used, from the left."""
    shown = max(0.0, min(1.0, share))
    kind = "bar full" if shown >= FULL else "bar"
    return Markup(
        '<svg class="{}" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="4"/><rect class="fill" width="{:.2f}" height="4"/></svg>'
    ).format(kind, label, shown * 100)


def hour(minutes: Sequence[Minute]) -> Markup:
    """Return the last hour as columns: what ended well in ink, what was buried in the accent, on top."""
    most = max((minute.settled for minute in minutes), default=0)
    settled = sum(minute.settled for minute in minutes)
    label = f"The last hour: {settled:,} deliveries settled, at most {most:,} in a minute"
    step = WIDTH / max(1, len(minutes))
    columns = Markup("").join(
        column(place * step, step, minute, most) for place, minute in enumerate(minutes) if minute.settled
    )
    return Markup(
        '<svg class="hour" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<line class="ground" x1="0" x2="{}" y1="{}" y2="{}"/>{}</svg>'
    ).format(WIDTH, HEIGHT + 1, label, WIDTH, HEIGHT + 0.5, HEIGHT + 0.5, columns)


def column(left: float, step: float, minute: Minute, most: int) -> Markup:
    """Return one minute."""
    scale = (HEIGHT - 2) / most
    good, bad = (minute.applied + minute.superseded) * scale, minute.dead_lettered * scale
    shape = Markup('<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>')
    parts = [shape.format("good", left + step * 0.15, HEIGHT - good, step * 0.7, good)] if good else []
    if bad:
        tall = max(bad, 2.0)
        parts.append(shape.format("bad", left + step * 0.15, HEIGHT - good - tall, step * 0.7, tall))
    return Markup("").join(parts)


def stack(counts: Mapping[str, int], total: int, label: str) -> Markup:
    """Return the states of something as parts of one bar, in the order given."""
    parts, left = [], 0.0
    for name, count in counts.items():
        width = 100 * count / total if total else 0.0
        parts.append(Markup('<rect class="part {}" x="{:.3f}" width="{:.3f}" height="4"/>').format(name, left, width))
        left += width
    return Markup(
        '<svg class="bar stack" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="4"/>{}</svg>'
    ).format(label, Markup("").join(parts))


PICTURES: Mapping[str, Callable[..., Any]] = {"bar": bar, "hour": hour, "stack": stack}
