"""What makes a run wrong: it ended as no serial order of the requests that succeeded could have ended.

Values in, values out; nothing here opens a connection. `Observation` is what one run left, `orders` names the serial
runs to make, `Reading` holds them, `judge` compares a run with them, `confirm` checks the gates.
"""

from looktwice.prove.oracle.acceptance import Checks, Gate, Pair, Repeat, confirm
from looktwice.prove.oracle.candidates import admissible, orders
from looktwice.prove.oracle.judge import judge, summarize
from looktwice.prove.oracle.observation import Answer, Mechanism, Observation, UpstreamCall
from looktwice.prove.oracle.outcome import outcome
from looktwice.prove.oracle.reading import Reading
from looktwice.prove.oracle.verdict import Judgement
from looktwice.prove.servers.key_value import KeyValue

__all__ = [
    "Answer",
    "Checks",
    "Gate",
    "Judgement",
    "KeyValue",
    "Mechanism",
    "Observation",
    "Pair",
    "Reading",
    "Repeat",
    "UpstreamCall",
    "admissible",
    "confirm",
    "judge",
    "orders",
    "outcome",
    "summarize",
]
