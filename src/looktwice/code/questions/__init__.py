"""Questions that detectors ask about code: small functions over the program, each with a table of cases."""
