"""Patterns whose cost grows with the data until the service stalls."""
