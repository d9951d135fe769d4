"""What happens if the database connection drops mid-operation? Each statement is met with what a database can do."""

from __future__ import annotations

from looktwice.prove.experiments.fault_runs import Faulted
from looktwice.prove.experiments.faults import at_database

EXPERIMENT = Faulted(
    "connection-lost",
    ("LT606", "LT605", "LT607", "LT203", "LT208", "LT206", "LT207"),
    at_database,
)
