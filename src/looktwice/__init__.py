"""looktwice reads a backend, reports what will break in production, and proves it."""

__version__ = "0.1.0"
