"""The command `sandbox`, as a process of its own."""

import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.cli.house import command
from worker.cli.exits import Exit


@pytest.mark.process
def test_sandbox_prints_what_a_client_needs_and_ends_with_ctrl_c() -> None:
    """The addresses printed are served, with the credentials printed; Ctrl-C ends it with code 130."""
    child = subprocess.Popen(
        [sys.executable, "-m", "worker", "sandbox", "outsmart", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    text = ""
    for line in child.stdout:
        text += line
        if line == "}\n":
            break
    told = json.loads(text)["outsmart"]
    query = f"token={told['token']}&software_token={told['software_token']}&key=debtor_number&value=1&operator=eq"
    with urllib.request.urlopen(f"{told['base_url']}relations/?{query}") as answer:
        body = json.loads(answer.read())
    child.send_signal(signal.SIGINT)
    child.stdout.close()

    assert child.wait(10) == Exit.INTERRUPTED
    assert body["code"] in {200, 1400}


def test_unknown_vendor() -> None:
    """A near miss is asked for."""
    told = command("sandbox", "outsmrt")

    assert told.code == Exit.NOTHING
    assert "did you mean 'outsmart'?" in told.err
