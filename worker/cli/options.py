"""Options that many commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from worker.settings import Settings

CONFIG = "RELATION_WORKER_CONFIG"
USUAL_FILE = Path("relation-worker.toml")

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help=f"Settings in TOML. Default: ${CONFIG}, else {USUAL_FILE} if it is there.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def settings_file(given: Path | None) -> Path | None:
    """Return the file to read: as given, as the environment says, the usual one, or none."""
    if given is not None:
        return given
    if named := os.environ.get(CONFIG):
        return Path(named)
    return USUAL_FILE if USUAL_FILE.is_file() else None


def settings(given: Path | None) -> "Settings":
    """Read the settings; raises SettingsError."""
    from worker.settings import load

    return load(settings_file(given), os.environ)
