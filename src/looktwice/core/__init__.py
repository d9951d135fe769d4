"""The values that flow between the verbs: frozen, documented, and readable from JSON as they are written to it."""
