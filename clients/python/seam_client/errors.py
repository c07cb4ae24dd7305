"""What goes wrong, as exceptions."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx


@dataclass(frozen=True)
class FieldError:
    """A field that is wrong: its path, such as `spec.workloads[0].image`, and what was expected."""

    field: str
    message: str


class SeamError(Exception):
    """The API refused a call (RFC 9457): `status` of HTTP, `code` for programs, `detail` and `hint` for people."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.detail = str(problem.get("detail", HTTPStatus(status).phrase))
        self.hint = str(problem.get("hint", ""))
        self.errors = [FieldError(str(each["field"]), str(each["message"])) for each in problem.get("errors", [])]
        # Number of the request in the server's log.
        self.instance = str(problem.get("instance", ""))
        fields = [f"{each.field}: {each.message}" for each in self.errors]
        super().__init__(" ".join([f"{status} {self.code}: {self.detail}", *fields, self.hint]).strip())


class WaitError(Exception):
    """What was waited for did not come in time, or cannot come any more; `last` is the object as it was seen last."""

    def __init__(self, message: str, last: dict[str, Any] | None) -> None:
        self.last = last
        super().__init__(message)


def checked(status: int, content: bytes, content_type: str) -> Any:
    """What a successful answer holds; raises `SeamError` for the others."""
    body = httpx.Response(status, content=content).json() if content and "json" in content_type else {}
    if status < HTTPStatus.BAD_REQUEST:
        return body
    raise SeamError(status, body if isinstance(body, dict) else {})
