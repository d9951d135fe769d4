"""Keeps a child process from files and services that do not belong to this run (Linux, no privileges needed).

The kernel asks us before the child opens a file or makes a connection (seccomp_unotify(2)). It protects against
accidental access and is not a security boundary: a malicious program may find a way around it.

All modules here are executed by a bare interpreter beside the child: they import the standard library and each other.
"""
