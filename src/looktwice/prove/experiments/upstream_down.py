"""What happens if the external service is down? Each outside call and each command to Redis meets its kinds of
fault."""

from __future__ import annotations

from looktwice.prove.experiments.fault_runs import Faulted
from looktwice.prove.experiments.faults import at_services

EXPERIMENT = Faulted(
    "upstream-down",
    ("LT605", "LT601", "LT201", "LT203", "LT510", "LT604", "LT607", "LT208", "LT206", "LT207"),
    at_services,
    reads_too=True,
)
