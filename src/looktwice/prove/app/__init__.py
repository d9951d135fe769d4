"""Starts the user's application unchanged, on looktwice's own services, and finds which requests to send.

`resolve(root, settings)` finds out what to run; `prepare` brings the database to life; `start` gives a running
Instance; `cases` and `reach` say which requests can be sent and how each of them ends alone.
"""
