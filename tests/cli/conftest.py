"""An operator's folder to work in."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.cli.house import SECRETS, SETTINGS, furnish


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder, without settings of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("RELATION_WORKER_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture(scope="session")
def journal_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fill a journal once, to be copied."""
    file = tmp_path_factory.mktemp("journal") / "relation-worker.db"
    asyncio.run(furnish(file))
    return file


@pytest.fixture
def furnished(folder: Path, journal_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with settings, secrets and a journal."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (folder / "relation-worker.toml").write_text(SETTINGS)
    shutil.copy(journal_file, folder)
    return folder
