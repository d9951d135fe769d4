"""One application under test: started, asked, observed, brought back, and returned to its snapshot."""
