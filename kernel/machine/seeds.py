"""Seeded randomness, handed out by component.

Every component that needs luck (a lossy wire, a back-off after a collision, a placement) asks for a
stream of its own by name.  A stream depends on the machine's seed, the component's name and the node,
and on nothing else: not on who asked first, so adding a component changes no other's luck.
"""

import hashlib
from random import Random


class Seeds:
    """The randomness of one machine."""

    __slots__ = ("_taken", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._taken: set[tuple[str, int]] = set()

    def stream(self, component: str, node: int = 0) -> Random:
        """The stream of a component on a node; it can be had once, so that no two share it."""
        assert (component, node) not in self._taken, f"two ask for the luck of {component} on node {node}"
        self._taken.add((component, node))
        key = hashlib.blake2b(f"{self.seed}/{node}/{component}".encode(), digest_size=16).digest()
        return Random(int.from_bytes(key, "little"))
