"""Every form in which an API says: slower, please."""

from collections.abc import Callable
from email.utils import formatdate
from math import ceil
from typing import Literal

from worker.sandbox.quota import Quota

Form = Literal[
    "none",
    "seconds",
    "date",
    "zero",
    "negative",
    "garbage",
    "day",
    "draft10",
    "draft7",
    "older",
    "x",
]
Headers = dict[str, str]


def retry_after_seconds(wait: float, _quota: Quota, _left: int, _at: float) -> Headers:
    return {"Retry-After": str(ceil(wait))}


def retry_after_date(wait: float, _quota: Quota, _left: int, at: float) -> Headers:
    # An HTTP date has whole seconds: rounded up, so that it never lies before the true moment.
    return {"Retry-After": formatdate(ceil(at + wait), usegmt=True)}


def draft10(wait: float, quota: Quota, left: int, _at: float) -> Headers:
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/, read November 2026
    return {
        "RateLimit-Policy": f'"burst";q={quota.calls};w={ceil(quota.seconds)}',
        "RateLimit": f'"burst";r={left};t={ceil(wait)}',
    }


def draft7(wait: float, quota: Quota, left: int, _at: float) -> Headers:
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/07/, read November 2026
    return {
        "RateLimit-Policy": f"{quota.calls};w={ceil(quota.seconds)}",
        "RateLimit": f"limit={quota.calls}, remaining={left}, reset={ceil(wait)}",
    }


def older(wait: float, quota: Quota, left: int, _at: float) -> Headers:
    # https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/03/, read November 2026
    return {
        "RateLimit-Limit": str(quota.calls),
        "RateLimit-Remaining": str(left),
        "RateLimit-Reset": str(ceil(wait)),
    }


def extension(wait: float, quota: Quota, left: int, at: float) -> Headers:
    return {
        "X-RateLimit-Limit": str(quota.calls),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(ceil(at + wait)),
    }


def fixed(value: str) -> Callable[[float, Quota, int, float], Headers]:
    return lambda _wait, _quota, _left, _at: {"Retry-After": value}


FORMS: dict[Form, Callable[[float, Quota, int, float], Headers]] = {
    "none": lambda _wait, _quota, _left, _at: {},
    "seconds": retry_after_seconds,
    "date": retry_after_date,
    "zero": fixed("0"),
    "negative": fixed("-5"),
    "garbage": fixed("soon, perhaps"),
    "day": fixed("86400"),
    "draft10": draft10,
    "draft7": draft7,
    "older": older,
    "x": extension,
}


def hint(form: Form, wait: float, at: float, quota: Quota | None = None, left: int = 0) -> Headers:
    """Return the headers that ask for `wait` seconds of silence; `at` is now, in seconds since 1970."""
    return FORMS[form](wait, quota or Quota(1, 1.0), left, at)
