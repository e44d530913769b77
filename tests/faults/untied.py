"""A worker whose broker outlives it, as where a system cannot tie the two: `python -m tests.faults.untied run ...`."""

from worker.__main__ import main
from worker.brokers import process

if __name__ == "__main__":
    process.__dict__["_dies_with_us"] = lambda: None
    main()
