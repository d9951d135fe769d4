"""Starts the user's application as it is, on parts of ours, and knows what to ask of it.

`resolve(root, settings)` finds out what to run; `prepare` brings the database to life; `start` gives a running
Instance; `cases` and `reach` say which requests can be asked and how each of them ends alone.
"""
