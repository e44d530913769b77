"""An operator's folder to work in."""

from pathlib import Path

import pytest

from tests.cli.house import SECRETS, house


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder, without settings of ours in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RELATION_WORKER_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def furnished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with settings, secrets and a journal."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    house(folder)
    return folder
