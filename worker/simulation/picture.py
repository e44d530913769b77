"""Calls over time, for a terminal and for a browser."""

from collections.abc import Sequence
from html import escape

from worker.simulation.scenario import Finding

BLOCKS = " ▁▂▃▄▅▆▇█"
ROWS = 8
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1d2733; background: #fbfaf7; }
table { border-collapse: collapse; margin: 1rem 0; } td { padding: .2rem 1.5rem .2rem 0; }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
.sent { fill: #2f6f5e; } .refused { fill: #b3423a; } text { font: 11px system-ui, sans-serif; fill: #66727f; }
@media (prefers-color-scheme: dark) { body { color: #dde3e8; background: #15191d; } .sent { fill: #6bb7a1; } }
"""


def counted(moments: Sequence[float], seconds: float, columns: int) -> list[int]:
    """Return how many moments fall into each of so many equal parts of the time."""
    counts = [0] * columns
    for moment in moments:
        counts[min(columns - 1, int(moment / seconds * columns))] += 1
    return counts


def plot(finding: Finding, columns: int = 72) -> list[str]:
    """Return the lines of a terminal's picture: how many calls arrived when; `!` marks refusals."""
    seconds = max(finding.drain_seconds, 1e-9)
    counts = counted(finding.calls, seconds, columns)
    most = max(counts, default=0) or 1
    levels = [round(count / most * ROWS * 8) for count in counts]
    lines = ["".join(BLOCKS[max(0, min(8, level - row * 8))] for level in levels) for row in reversed(range(ROWS))]
    marks = "".join("!" if count else " " for count in counted(finding.refused, seconds, columns))
    axis = f"0 s{'':{max(1, columns - 5 - len(f'{seconds:.1f}'))}}{seconds:.1f} s"
    return [f"{most} calls in {seconds / columns:.3g} s", *lines, *([marks] if marks.strip() else []), axis]


def page(finding: Finding, title: str, columns: int = 240) -> str:
    """Return one HTML page with the figures and the picture; it needs nothing from anywhere."""
    seconds = max(finding.drain_seconds, 1e-9)
    sent = counted(finding.calls, seconds, columns)
    refused = counted(finding.refused, seconds, columns)
    most = max(sent, default=0) or 1
    bars = "".join(
        bar("sent", column, count, most) + bar("refused", column, refused[column], most)
        for column, count in enumerate(sent)
    )
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{value}</td></tr>" for name, value in finding.as_json().items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><h1>{escape(title)}</h1><table>{rows}</table>"
        f'<svg viewBox="0 0 960 240" width="100%" role="img" aria-label="calls over time">{bars}'
        f'<text x="0" y="236">0 s</text><text x="960" y="236" text-anchor="end">{seconds:.1f} s</text>'
        f'<text x="0" y="12">{most} calls in {seconds / columns:.3g} s</text></svg></html>\n'
    )


def bar(kind: str, column: int, count: int, most: int) -> str:
    """Return one column of the picture."""
    if not count:
        return ""
    height = 200 * count / most
    return f'<rect class="{kind}" x="{column * 4}" y="{216 - height:.1f}" width="3" height="{height:.1f}"/>'
