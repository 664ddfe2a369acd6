"""Imports onnxruntime with its telemetry off; the only module that imports it. Nothing else is decided here.

Since 1.32 its Linux builds report to their maker some ten seconds after the first session. Its own
`disable_telemetry_events` does not stop that; the variable does, when it is set before the import.
"""

from __future__ import annotations

import os
from typing import Any

VARIABLE = "ORT_DISABLE_TELEMETRY"


def silence_onnxruntime() -> None:
    """Turn the telemetry off for this process and its children; comes before anything may import onnxruntime."""
    os.environ[VARIABLE] = "1"  # noqa: TID251  no setting of ours: the only switch that the library obeys


def load_onnxruntime() -> Any:
    """The module `onnxruntime`."""
    silence_onnxruntime()
    import onnxruntime

    return onnxruntime


def load_quantization() -> Any:
    """The module `onnxruntime.quantization`."""
    silence_onnxruntime()
    import onnxruntime.quantization

    return onnxruntime.quantization
