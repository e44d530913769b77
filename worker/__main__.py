"""Where the program begins."""


def main() -> None:
    """Run the command line."""
    from worker.cli.face import application  # noqa: PLC0415 -- worker processes import this module as __main__

    application()()


if __name__ == "__main__":
    main()
