"""One module a format; the module's name is the word after `--format`."""
