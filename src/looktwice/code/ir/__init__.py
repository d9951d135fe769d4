"""What a function does, as values: regions, facts, effects. Everything above lowering speaks of these."""
