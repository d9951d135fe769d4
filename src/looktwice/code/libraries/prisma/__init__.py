"""Prisma: its schema, and its client's statements."""
