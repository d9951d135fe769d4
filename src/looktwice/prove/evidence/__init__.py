"""What remains of a defect: the proof's file, its replay, and the test that guards the fix."""
