"""What the tests of this folder share."""

from tests.ecosystem.node import node_folder

__all__ = ["node_folder"]
