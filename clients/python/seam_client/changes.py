"""Changes as they come: server-sent events (HTML Living Standard, section 9.2), gone on with after a cut."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import httpx

from .errors import SeamError, checked

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
# The server sends something every 15 s; silence for longer means that the connection is dead.
SILENCE_SECONDS = 45.0
AWAY = (429, 502, 503, 504)


@dataclass(frozen=True)
class Change:
    """Something that was recorded.

    `number` grows by one from change to change; `topic` is `revision`, `audit`, `benchmark`, `event`, `log`, or
    `reset`: changes before this one are no longer kept, read everything anew. `row` is the record's `id` in the lists
    of its topic, and `project` is empty for what is of the cluster.
    """

    number: int
    topic: Literal["revision", "audit", "benchmark", "event", "log", "reset"] | str
    project: str
    row: int | None
    at: datetime | None


@dataclass(frozen=True)
class _Event:
    id: str
    name: str
    data: str


def events_in(lines: Iterable[str]) -> Iterator[_Event]:
    """The events of a stream's lines. One without data is told too, as it moves the number on."""
    id_, name, data = "", "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "id":
                id_ = value
            case "event":
                name = value
            case "data":
                data.append(value)
            case "" if not line:
                yield _Event(id_, name, "\n".join(data))
                name, data = "message", []
            case _:
                pass  # Comments, `retry`, and what later versions send.


def follow(http: httpx.Client, project: str | None, after: int | None) -> Iterator[Change]:
    """All changes after `after`, or from now on, without end, also across restarts of the server."""
    last = after
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            for event in _connected(http, project, last):
                pause = FIRST_PAUSE_SECONDS
                last = int(event.id) if event.id else last
                if event.data:
                    yield _change(event)
        except httpx.TransportError:
            pass
        except SeamError as error:
            if error.status not in AWAY:
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _change(event: _Event) -> Change:
    data: dict[str, Any] = json.loads(event.data)
    at = datetime.fromisoformat(data["at"]) if "at" in data else None
    return Change(int(event.id), event.name, data.get("project", ""), data.get("rowId"), at)


def _connected(http: httpx.Client, project: str | None, last: int | None) -> Iterator[_Event]:
    headers = {"accept": "text/event-stream"} | ({} if last is None else {"last-event-id": str(last)})
    params = {} if project is None else {"project": project}
    silence = httpx.Timeout(SILENCE_SECONDS)
    with http.stream("GET", "/api/v1/changes", params=params, headers=headers, timeout=silence) as answer:
        if answer.is_error:
            checked(answer.status_code, answer.read(), answer.headers.get("content-type", ""))
        yield from events_in(answer.iter_lines())
