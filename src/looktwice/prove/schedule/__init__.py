"""Which orders of two requests are worth running, and what holds the requests to one."""
