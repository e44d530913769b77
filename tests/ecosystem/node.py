"""Real packages from npm, in a folder that goes away."""

import shutil
import subprocess
from pathlib import Path

import pytest

# What the documents were tried with.
PACKAGES = ("@asyncapi/parser@3.6.3", "cloudevents@10.0.0", "nats@2.29.3")


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the packages once; without npm say so and go on."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: what is written in JavaScript was not tried")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}')
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([npm, "install", *options, *PACKAGES], cwd=folder, check=True, timeout=110, capture_output=True)
    return folder


def node(folder: Path, script: str, *args: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a module with the folder's packages."""
    file = folder / "script.mjs"
    file.write_text(script)
    return subprocess.run(
        ["node", str(file), *args], cwd=folder, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
