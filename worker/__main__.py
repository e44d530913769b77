"""Where the program begins."""

import gc


def main() -> None:
    """Run the command line."""
    # Loading makes many objects and no garbage: with its defaults the collector takes a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    from worker.cli.face import application  # noqa: PLC0415 -- worker processes import this module as __main__

    application()()


if __name__ == "__main__":
    main()
