"""A page with a bar for each row: how far it is from its must, in one look."""

from html import escape

from tests.bench.rows import Row

WIDTH = 360
COLOURS = {"goal": "#2a7d4f", "must": "#b8860b", "missed": "#b03030", "": "#55708a"}


def page(rows: list[Row], machine: str) -> str:
    """Return a page of its own, without anything from elsewhere."""
    lines = "\n".join(drawn(each) for each in rows)
    return (
        "<!doctype html><meta charset=utf-8><title>relation-worker: bench</title>"
        "<style>body{font:15px system-ui;margin:2em}td{padding:.2em .8em;vertical-align:middle}</style>"
        f"<h1>relation-worker: bench</h1><p>{escape(machine)}</p><table>"
        f"<tr><th>row<th>value<th>must / goal<th><th>note</tr>\n{lines}\n</table>\n"
    )


def drawn(each: Row) -> str:
    """Return one line of the table, with its bar: the mark is the must, the colour says what was met."""
    value = "" if each.value is None else f"{each.value:g} {escape(each.unit)}"
    ratio = "" if each.ratio is None else f" ({each.ratio:g})"
    bounds = "" if each.must is None else f"{each.must:g} / {'' if each.goal is None else f'{each.goal:g}'}"
    return f"<tr><td>{escape(each.name)}<td>{value}{ratio}<td>{bounds}<td>{bar(each)}<td>{escape(each.note)}</tr>"


def bar(each: Row) -> str:
    """Return a bar as long as the measured number, with a mark where its must is."""
    number = each.value if each.ratio is None else each.ratio
    if number is None or each.must is None:
        return ""
    longest = max(number, each.must, each.goal or 0.0) or 1.0
    length, at = WIDTH * number / longest, WIDTH * each.must / longest
    colour = COLOURS["goal" if each.met_goal else "must" if each.met_must else "missed"]
    return (
        f'<svg width="{WIDTH + 4}" height="18" role="img" aria-label="{escape(each.name)}">'
        f'<rect width="{length:.0f}" height="14" y="2" fill="{colour}"/>'
        f'<rect x="{at:.0f}" width="2" height="18" fill="#222"/></svg>'
    )
