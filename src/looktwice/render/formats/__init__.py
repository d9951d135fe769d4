"""One module per format; the module's name is the word after `--format`."""
