"""The values that the packages pass to each other: frozen, documented, and serialised to and from JSON."""
