"""What happens if the external service is down? Each outside call and each command to Redis meets its mishaps."""

from __future__ import annotations

from doubletake.prove.faulted import Faulted
from doubletake.prove.faults import at_services

EXPERIMENT = Faulted(
    "upstream-down",
    ("DT605", "DT601", "DT201", "DT203", "DT510", "DT604", "DT607", "DT208", "DT206", "DT207"),
    at_services,
    reads_too=True,
)
