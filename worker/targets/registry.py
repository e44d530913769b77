"""Which targets there are: one line each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from worker.targets.base import Target
from worker.targets.onoffice.settings import OnOfficeSettings
from worker.targets.onoffice.target import OnOffice
from worker.targets.options import ConnectionSettings
from worker.targets.outsmart.settings import OutSmartSettings
from worker.targets.outsmart.target import OutSmart
from worker.targets.silvasoft.settings import SilvasoftSettings
from worker.targets.silvasoft.target import Silvasoft
from worker.targets.superoffice.settings import SuperOfficeSettings
from worker.targets.superoffice.target import SuperOffice


@dataclass(frozen=True, slots=True)
class Entry:
    """A target's settings model, and what makes the target out of such settings."""

    settings: type[ConnectionSettings]
    target: Callable[[Any], Target]


TARGETS: Mapping[str, Entry] = {
    "onoffice": Entry(OnOfficeSettings, OnOffice),
    "outsmart": Entry(OutSmartSettings, OutSmart),
    "silvasoft": Entry(SilvasoftSettings, Silvasoft),
    "superoffice": Entry(SuperOfficeSettings, SuperOffice),
}
