"""From the neutral tree of one function to its summary: regions, values by origin, facts, effects, calls."""
