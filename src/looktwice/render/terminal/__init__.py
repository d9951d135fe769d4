"""Pieces of what a terminal shows: findings, lanes, proofs. All of them give rich Texts."""
