"""What stands between the application, its servers and its callers: wires, gates, proxies, stand-ins."""
