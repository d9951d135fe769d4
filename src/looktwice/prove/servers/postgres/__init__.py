"""PostgreSQL as the truth: an embedded server, what changed in it, how to undo that, and who waits for whom."""
