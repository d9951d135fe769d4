"""How the files of a repository belong together: roots, manifests, locked versions, and where imports lead."""

from __future__ import annotations

from looktwice.code.project.project import Project, open_project

__all__ = ["Project", "open_project"]
