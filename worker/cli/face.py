"""The command line as a whole: its nouns, and errors as single lines."""

from typing import Any

import typer
from typer.core import TyperGroup

from worker.brokers.base import BrokerError
from worker.cli.exits import SUMMARY, Exit, Problem
from worker.cli.output import note
from worker.configuration.findings import SettingsError
from worker.journal.errors import JournalError
from worker.telemetry.errors import TracingSetupError


class Face(TyperGroup):
    """Tells a person what went wrong and how to mend it, and the shell by which exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        for number, text in enumerate(args, 1):
            if not is_text(text):
                raise ended(Exit.USAGE, f"argument {number} is not UTF-8")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise ended(problem.exit_code, problem.text, problem.hint) from problem
        except SettingsError as error:
            many = len(error.findings)
            text = "the settings have a mistake" if many == 1 else f"the settings have {many} mistakes"
            raise ended(Exit.USAGE, text, str(error)) from error
        except TracingSetupError as error:
            raise ended(Exit.USAGE, str(error)) from error
        except (BrokerError, JournalError) as error:
            raise ended(Exit.UNREACHABLE, str(error)) from error


def is_text(text: str) -> bool:
    """Whether an argument's bytes are UTF-8: for others Python puts in what can be neither kept nor published."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def ended(code: Exit, text: str, hint: str = "") -> typer.Exit:
    note(f"error: {text}")
    for line in hint.splitlines():
        note(f"  {line}")
    return typer.Exit(code)


def application() -> typer.Typer:
    """Return the command line with all nouns."""
    from worker.cli import asyncapi, config, connections, dead, demo, emit, history, run, sandbox, schemas, simulate
    from worker.cli.doctor import command

    app = typer.Typer(
        name="relation-worker",
        cls=Face,
        help="Brings relation events from a broker to onOffice, SuperOffice, OutSmart and Silvasoft.",
        epilog=SUMMARY,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command("demo")(demo.demo)
    app.command("run")(run.run)
    app.command("simulate")(simulate.simulate)
    app.command("emit")(emit.emit)
    app.command("sandbox")(sandbox.sandbox)
    app.command("asyncapi")(asyncapi.asyncapi)
    app.command("doctor")(command.doctor)
    app.add_typer(connections.app, name="connections")
    app.add_typer(history.events, name="event")
    app.add_typer(history.relations, name="relation")
    app.add_typer(dead.app, name="dead")
    app.add_typer(config.app, name="config")
    app.command("schemas")(schemas.schemas)
    return app
