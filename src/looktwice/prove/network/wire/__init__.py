"""The protocols an application speaks to the world, sans-IO: bytes in, events out, no sockets."""
