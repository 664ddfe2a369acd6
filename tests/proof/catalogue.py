"""Every leak path and every control that is walked on the bench."""

from __future__ import annotations

from tests.proof.control import Control
from tests.proof.controls import policy, wires
from tests.proof.leak_path import LeakPath
from tests.proof.paths import conversation, door, faults, labels, locality

PATHS: tuple[LeakPath, ...] = (
    *conversation.PATHS, *labels.PATHS, *faults.PATHS, *locality.PATHS, *door.PATHS,
)  # fmt: skip
CONTROLS: tuple[Control, ...] = (*policy.CONTROLS, *wires.CONTROLS)


def path_named(name: str) -> LeakPath:
    """The path of this name."""
    return next(path for path in PATHS if path.name == name)
