"""What to ask of an application: the user's requests, else those its own description and its rows suggest."""
