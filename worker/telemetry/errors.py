"""What can go wrong with telemetry, said to those who can mend it."""


class TracingSetupError(Exception):
    """Traces are wanted and cannot be sent: says how to mend it."""
