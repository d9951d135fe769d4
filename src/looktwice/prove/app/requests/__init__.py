"""Which requests to send to an application: the user's, else those its own description and its rows suggest."""
