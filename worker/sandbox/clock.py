"""The two clocks of a sandbox; a test may own both."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """`monotonic` measures quotas and sessions, `wall` is what signatures and HTTP dates are held against."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
