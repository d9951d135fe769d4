"""What a project says about itself. Each module knows one kind of file; all give the same values."""
