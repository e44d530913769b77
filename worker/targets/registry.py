"""Which targets there are: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.targets.base import Target
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.target import OnOffice
from worker.targets.options import ConnectionSettings


@dataclass(frozen=True, slots=True)
class Entry:
    """A target's settings model, and what makes the target out of such settings."""

    settings: type[ConnectionSettings]
    target: Callable[[Any], Target]


TARGETS: Mapping[str, Entry] = {
    "onoffice": Entry(OnOfficeSettings, OnOffice),
}
