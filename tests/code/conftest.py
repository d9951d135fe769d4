"""Adds this folder to the path, for `programs`; a function that cannot be lowered fails its test."""

import os

os.environ.setdefault("LOOKTWICE_DEBUG", "1")
