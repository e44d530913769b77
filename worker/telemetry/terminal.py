"""Text of strangers made safe to show to a person."""

# What a person expects to see as it is; everything else that does not print is spelled out.
PLAIN = frozenset("\n\t")


def printable(text: str, *, keep: frozenset[str] = frozenset()) -> str:
    r"""Return the text with each character that could steer a terminal spelled out (`\x1b`, `\u202e`)."""
    if text.isprintable():
        return text
    return "".join(mark if mark in keep or mark.isprintable() else spelled(mark) for mark in text)


def spelled(mark: str) -> str:
    # "backslashreplace" keeps lone surrogates from breaking the stream that they are written to.
    return mark.encode("unicode_escape", "backslashreplace").decode("ascii")


def short(text: str, most: int) -> str:
    """Return the text, cut to `most` characters with an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"
