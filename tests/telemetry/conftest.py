import logging
from collections.abc import Iterator

import pytest
import structlog

from worker.telemetry.logs import Adopted


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Leave the logging of other tests as it was."""
    root = logging.getLogger()
    level = root.level
    yield
    structlog.reset_defaults()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if isinstance(handler, Adopted)]:
        root.removeHandler(handler)
