"""Seam's API for Python.

`Seam` is where to begin. Everything that the API has is also in `seam_client.generated`, one module for each
operation and one class for each shape, made of the API's OpenAPI document; `Seam.generated` is the client for it.
"""

from .changes import Change
from .client import Objects, Project, Seam
from .errors import FieldError, SeamError, WaitError

__all__ = ["Change", "FieldError", "Objects", "Project", "Seam", "SeamError", "WaitError"]
