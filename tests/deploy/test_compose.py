"""The files with which the worker is deployed."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker.cli.face import application
from worker.settings import load

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]

# Compose's schema, as docker-compose 1.29.2 brings it along; formats are left to Compose itself.
VALIDATE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import jsonschema, yaml
from pathlib import Path
schema = json.loads(next(Path(sys.argv[1]).rglob("compose_spec.json")).read_text())
found = jsonschema.Draft7Validator(schema).iter_errors(yaml.safe_load(Path(sys.argv[2]).read_text()))
print("\\n".join(f"{list(each.path)}: {each.message}" for each in found))
"""


def test_profiles() -> None:
    """There are three ways to run it, and each service belongs to one."""
    assert {profile for each in SERVICES.values() for profile in each["profiles"]} == {"try", "one", "two"}
    two = {name for name, each in SERVICES.items() if each["profiles"] == ["two"]}
    assert two == {"worker-1", "worker-2", "nats", "postgres", "prometheus", "grafana"}


def test_mounts_and_needs_exist() -> None:
    """Every file that is mounted is in the repository, but for secrets; every volume and service is declared."""
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if not source.startswith("./"):
                assert source in COMPOSE["volumes"]
            elif not source.startswith("./deploy/secrets"):
                assert (ROOT / source).exists(), source
        assert set(service.get("depends_on", {})) <= SERVICES.keys()


def test_no_port_is_open_to_the_network() -> None:
    """Whatever is published listens on this machine only, and no two want the same port."""
    ports = [port for each in SERVICES.values() for port in each.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    taken = [
        port.split(":")[1] for each in SERVICES.values() if "two" in each["profiles"] for port in each.get("ports", ())
    ]
    assert len(taken) == len(set(taken))


@pytest.mark.parametrize("service", ["worker", "worker-1", "worker-2"])
def test_settings_are_good(service: str, tmp_path: Path) -> None:
    """A worker's environment and file are settings that the worker takes."""
    (tmp_path / "journal.password").write_text("secret-of-the-journal")
    environment = SERVICES[service]["environment"] | {"RELATION_WORKER_WORKER__SECRETS": str(tmp_path)}

    read = load(ROOT / "deploy/relation-worker.toml", environment)

    assert read.console.host == "0.0.0.0"
    assert read.broker.embedded == (service == "worker")
    assert ("secret-of-the-journal" in read.journal.address()) == (service != "worker")
    grace = int(SERVICES[service]["stop_grace_period"].removesuffix("s"))
    assert grace > read.worker.shutdown_grace


def test_image() -> None:
    """The image runs a command that there is, with extras that there are, and not as root."""
    text = (ROOT / "Dockerfile").read_text()
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extras = re.search(r'"\.\[([a-z,]+)\]"', text)
    commands = {each.name or each.callback.__name__ for each in application().registered_commands if each.callback}

    assert extras
    assert set(extras[1].split(",")) <= known.keys()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    assert {"run", *SERVICES["demo"]["command"]} <= commands


def test_page_names_what_there_is() -> None:
    """The page names only files, profiles and options that there are."""
    page = (ROOT / "docs/deploy.md").read_text()

    assert all((ROOT / name).exists() for name in re.findall(r"`(deploy/[\w./-]+\.\w+)`", page))
    assert set(re.findall(r"--profile (\w+)", page)) == {"try", "one", "two"}


@pytest.mark.process
def test_compose_schema(tmp_path: Path) -> None:
    """Compose's own JSON schema finds nothing wrong, and finds a mistake that is put in."""
    packages = ["docker-compose==1.29.2", "jsonschema", "pyyaml"]
    for more, package in (("--no-deps", packages[0]), ("--upgrade", packages[1]), ("--upgrade", packages[2])):
        install = [
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            sys.executable,
            "--target",
            str(tmp_path),
            more,
            package,
        ]
        subprocess.run(install, check=True, timeout=100)
    bad = tmp_path / "bad.yaml"
    bad.write_text((ROOT / "compose.yaml").read_text().replace("restart: unless-stopped", "restarts: always"))

    assert validated(tmp_path, ROOT / "compose.yaml") == ""
    assert "restarts" in validated(tmp_path, bad)


@pytest.mark.process
def test_dockerfile(tmp_path: Path) -> None:
    """Hadolint finds nothing in the Dockerfile, and finds a mistake that is put in."""
    bad = tmp_path / "Dockerfile"
    bad.write_text((ROOT / "Dockerfile").read_text().replace("FROM python:3.13-slim", "FROM python:latest"))

    assert linted(ROOT / "Dockerfile") == ""
    assert "DL3007" in linted(bad)


def linted(file: Path) -> str:
    program = Path(sysconfig.get_path("scripts")) / "hadolint"
    assert program.exists(), "run `uv sync`: hadolint comes with the group dev"
    asked = [str(program), "--no-color", str(file)]
    return subprocess.run(asked, check=False, capture_output=True, text=True, timeout=60).stdout.strip()


def validated(packages: Path, file: Path) -> str:
    asked = [sys.executable, "-W", "ignore", "-c", VALIDATE, str(packages), str(file)]
    return subprocess.run(asked, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
