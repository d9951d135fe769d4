"""What happens if the database connection drops mid-operation? Each statement is met with what a database can do."""

from __future__ import annotations

from doubletake.prove.faulted import Faulted
from doubletake.prove.faults import at_database

EXPERIMENT = Faulted(
    "connection-lost",
    ("DT606", "DT605", "DT607", "DT203", "DT208", "DT206", "DT601", "DT207"),
    at_database,
)
