"""Lowering: turns the neutral tree of one function into its summary of regions, values, facts, effects and calls."""
