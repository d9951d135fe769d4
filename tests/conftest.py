"""For all tests: an example of a property may take as long as it needs, for other programs may keep the cores busy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
