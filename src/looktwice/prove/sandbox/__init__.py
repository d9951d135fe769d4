"""Keeps a child process from files and services that are not of this run (Linux, no privileges needed).

The kernel asks us before the child opens a file or makes a connection (seccomp_unotify(2)). It is no protection against
a program that means harm, but a program that means none cannot reach what it was not given.

All modules here are executed by a bare interpreter beside the child: they import the standard library and each other.
"""
