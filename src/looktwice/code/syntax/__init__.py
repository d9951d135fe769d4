"""Source files as neutral trees, whatever their language."""
