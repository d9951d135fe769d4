"""Patterns that grow with the data until the service stands still."""
