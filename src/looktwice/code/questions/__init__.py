"""What detectors ask about code: small questions over summaries and the program, each with a table of cases."""
