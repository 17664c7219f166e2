"""The matrix has no holes that nobody knows of."""

from __future__ import annotations

from tests.faults.providers import WIRES
from tests.faults.table import CELLS, FAULTS


def test_every_fault_is_there_for_every_wire_format_or_says_why_not() -> None:
    left_out = [(fault.name, wire, reason) for fault in FAULTS for wire, reason in fault.not_for.items()]
    assert len(CELLS) + len(left_out) == len(FAULTS) * len(WIRES)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    for name, wire, reason in left_out:
        assert wire in WIRES
        assert len(reason.split()) > 2, f"{name} at {wire}: {reason!r} is no reason"
