"""The client: projects and what is in them, with plain dictionaries as manifests and objects."""

import os
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, Protocol, Self

import httpx

from .changes import Change, follow
from .errors import SeamError, WaitError, checked
from .generated import AuthenticatedClient
from .generated.api.bandwidths import get_bandwidth_of_a_node, list_bandwidths
from .generated.api.experiments import (
    apply_experiment,
    delete_experiment,
    get_experiment,
    list_experiment_revisions,
    list_experiments,
    restore_experiment,
)
from .generated.api.members import list_members, remove_member, set_member
from .generated.api.nodes import get_node, list_nodes
from .generated.api.policies import (
    apply_policy,
    delete_policy,
    get_policy,
    list_policies,
    list_policy_revisions,
    restore_policy,
)
from .generated.api.projects import (
    apply_project,
    delete_project,
    get_project,
    list_project_revisions,
    list_projects,
    restore_project,
)
from .generated.api.records import get_benchmark, list_benchmarks, list_project_audit
from .generated.api.services import (
    apply_service,
    delete_service,
    get_service,
    list_service_revisions,
    list_services,
    restore_service,
)
from .generated.api.session import get_session
from .generated.types import UNSET, Response

Json = dict[str, Any]

DEFAULT_URL = "http://127.0.0.1:9850"
CALL_SECONDS = 30.0
POLL_SECONDS = 0.5
PAGE = 200
TRIES = 5
AWAY = (429, 503)


class Model(Protocol):
    """A shape of `seam_client.generated.models`."""

    def to_dict(self) -> Json: ...


Manifest = Mapping[str, Any] | Model


class _Body(dict[str, Any]):
    """A manifest as it was written: a misspelt field reaches the server, which names it."""

    def to_dict(self) -> Json:
        return self


class Seam:
    """A server, and who asks: a token (`POST /api/v1/tokens`, or that of the first start).

    `ca` is the file of the authority that signed the server's certificate, in PEM form; without it, those that the
    machine trusts. Use it as a context manager, or `close` it.
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str, ca: str | os.PathLike[str] | None = None) -> None:
        trust: bool | ssl.SSLContext = True if ca is None else ssl.create_default_context(cafile=ca)
        #: The client that the functions of `seam_client.generated.api` take.
        self.generated = AuthenticatedClient(
            base_url=url.rstrip("/"), token=token, timeout=httpx.Timeout(CALL_SECONDS), verify_ssl=trust
        )
        #: All projects that one may see.
        self.projects = Objects(self, (), _PROJECTS)
        #: The bandwidth of each node: capacity, and what is reserved of it.
        self.bandwidths = ReadOnly(self, (), list_bandwidths, get_bandwidth_of_a_node)
        #: The cluster's nodes.
        self.nodes = ReadOnly(self, (), list_nodes, get_node)

    @classmethod
    def from_environment(cls) -> Self:
        """By SEAM_URL, SEAM_TOKEN, and SEAM_CA where the server has a certificate of its own."""
        token = os.environ.get("SEAM_TOKEN")
        if not token:
            raise ValueError("SEAM_TOKEN: expected a token of Seam's API, such as seam_...; make one: POST /api/v1/tokens")
        return cls(os.environ.get("SEAM_URL") or DEFAULT_URL, token=token, ca=os.environ.get("SEAM_CA") or None)

    def whoami(self) -> Json:
        """Who asks: user, groups and scopes."""
        me: Json = self._call(get_session)
        return me

    def project(self, name: str) -> "Project":
        """What is in a project; nothing is asked yet."""
        return Project(self, name)

    def changes(self, *, project: str | None = None, after: int | None = None) -> Iterator[Change]:
        """What is recorded, as it comes, without end: nothing is lost, repeated or out of order, also across restarts.

        `after` is the number of the last change that is known; without it, from now on.
        """
        return follow(self.generated.get_httpx_client(), project, after)

    def close(self) -> None:
        """Closes the connections."""
        self.generated.get_httpx_client().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _call(self, operation: ModuleType, *place: str | int, **options: Any) -> Any:
        """Calls an operation. A server that is away, or busy, is asked again; changes carry a key, so they are made once."""
        ask: Callable[..., Response[Any]] = operation.sync_detailed
        for attempt in range(1, TRIES + 1):
            try:
                answer = ask(*place, client=self.generated, **options)
                return checked(answer.status_code, answer.content, answer.headers.get("content-type", ""))
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            except SeamError as error:
                if attempt == TRIES or error.status not in AWAY:
                    raise
            time.sleep(POLL_SECONDS * attempt)
        raise AssertionError("unreachable")

    def _pages(self, operation: ModuleType, *place: str | int, **options: Any) -> Iterator[Json]:
        cursor: Any = UNSET
        while cursor is not None:
            page = self._call(operation, *place, limit=PAGE, cursor=cursor, **options)
            yield from page["items"]
            cursor = page["next"]


class ReadOnly:
    """Objects that are looked at."""

    def __init__(self, seam: Seam, place: tuple[str, ...], listed: ModuleType, got: ModuleType) -> None:
        self._seam, self._place, self._listed, self._got = seam, place, listed, got

    def list(self, *, search: str | None = None, labels: str | None = None) -> Iterator[Json]:
        """All of them, page by page; of those whose name holds `search`, or whose labels fit the selector `labels`."""
        options = {"search": search or UNSET, "label_selector": labels or UNSET}
        return self._seam._pages(self._listed, *self._place, **options)

    def get(self, name: str) -> Json:
        """One; `SeamError` with status 404 when there is none."""
        answer: Json = self._seam._call(self._got, *self._place, name)
        return answer


@dataclass(frozen=True)
class _Operations:
    kind: str
    api_version: str
    list: ModuleType
    get: ModuleType
    apply: ModuleType
    delete: ModuleType
    revisions: ModuleType
    restore: ModuleType


_SEAM = "seam.ucsd.edu/v1alpha1"
_PROJECTS = _Operations(
    "Project",
    _SEAM,
    list_projects,
    get_project,
    apply_project,
    delete_project,
    list_project_revisions,
    restore_project,
)
_EXPERIMENTS = _Operations(
    "Experiment",
    _SEAM,
    list_experiments,
    get_experiment,
    apply_experiment,
    delete_experiment,
    list_experiment_revisions,
    restore_experiment,
)
_POLICIES = _Operations(
    "NetworkPolicy",
    "networking.k8s.io/v1",
    list_policies,
    get_policy,
    apply_policy,
    delete_policy,
    list_policy_revisions,
    restore_policy,
)
_SERVICES = _Operations(
    "Service", "v1", list_services, get_service, apply_service, delete_service, list_service_revisions, restore_service
)


class Objects(ReadOnly):
    """Objects of one kind, which are also made, changed and deleted; every change is a revision of the history."""

    def __init__(self, seam: Seam, place: tuple[str, ...], operations: _Operations) -> None:
        super().__init__(seam, place, operations.list, operations.get)
        self._operations = operations

    def create(self, name: str, spec: Mapping[str, Any], *, labels: Mapping[str, str] | None = None) -> Json:
        """Makes an object, or changes the one there is, of its spec alone."""
        metadata = {"name": name} | ({} if labels is None else {"labels": dict(labels)})
        kind = {"apiVersion": self._operations.api_version, "kind": self._operations.kind}
        return self.apply(kind | {"metadata": metadata, "spec": dict(spec)})

    def apply(self, manifest: Manifest, *, force: bool = False, revision: int | None = None) -> Json:
        """Makes or changes an object, as `seam apply` does; the object as it is then.

        `force` takes over fields that another program has written; `revision` says from which one the change was
        made: `SeamError` with status 409 when another has come since.
        """
        options = {"force": force, "if_match": UNSET if revision is None else str(revision)}
        answer: Json = self._change(manifest, dry_run=False, idempotency_key=str(uuid.uuid4()), **options)
        made: Json = answer["object"]
        return made

    def plan(self, manifest: Manifest) -> Json:
        """What `apply` would do, without doing it: each object with the fields that change, and what nodes will do."""
        plan: Json = self._change(manifest, dry_run=True)["plan"]
        return plan

    def delete(self, name: str) -> None:
        """Deletes an object; it goes a little later (`wait_gone`)."""
        self._seam._call(self._operations.delete, *self._place, name, idempotency_key=str(uuid.uuid4()))

    def revisions(self, name: str) -> Iterator[Json]:
        """Its history, newest first: number, author, time, difference."""
        return self._seam._pages(self._operations.revisions, *self._place, name)

    def restore(self, name: str, number: int) -> Json:
        """Applies an earlier revision; the object as it is then."""
        key = str(uuid.uuid4())
        answer: Json = self._seam._call(self._operations.restore, *self._place, name, number, idempotency_key=key)
        made: Json = answer["object"]
        return made

    def wait(self, name: str, phase: str = "Ready", *, seconds: float = 300) -> Json:
        """Waits until an object's status has a phase; `WaitError` when it failed instead, or takes longer."""
        seen = self._poll(name, seconds, phase, lambda found: found is None or _phase_in(found) in (phase, "Failed"))
        if seen is None:
            raise WaitError(f"{name}: there is none, while its phase {phase} was waited for", None)
        if _phase_in(seen) == phase:
            return seen
        raise WaitError(f"{name} is {_phase_in(seen)}: {_reasons_in(seen)}", seen)

    def wait_gone(self, name: str, *, seconds: float = 300) -> None:
        """Waits until an object that was deleted is gone."""
        self._poll(name, seconds, "gone", lambda found: found is None)

    def _change(self, manifest: Manifest, **options: Any) -> Json:
        body = manifest if isinstance(manifest, Mapping) else manifest.to_dict()
        name = str(body.get("metadata", {}).get("name", ""))
        if not name:
            raise ValueError('metadata.name: expected the name of the object, such as "two-tier"')
        answer: Json = self._seam._call(self._operations.apply, *self._place, name, body=_Body(body), **options)
        return answer

    def _poll(self, name: str, seconds: float, what: str, done: Callable[[Json | None], bool]) -> Json | None:
        end = time.monotonic() + seconds
        while True:
            found = self._find(name)
            if done(found):
                return found
            if time.monotonic() > end:
                state = "there is none" if found is None else f"it is {_phase_in(found)}: {_reasons_in(found)}"
                raise WaitError(f"{name} is not {what} after {seconds:g} s; {state}", found)
            time.sleep(POLL_SECONDS)

    def _find(self, name: str) -> Json | None:
        try:
            return self.get(name)
        except SeamError as error:
            if error.status == 404:
                return None
            raise


class Project:
    """A project: its experiments, policies, services, members and records."""

    def __init__(self, seam: Seam, name: str) -> None:
        self._seam, self.name = seam, name
        self.experiments = Objects(seam, (name,), _EXPERIMENTS)
        self.policies = Objects(seam, (name,), _POLICIES)
        self.services = Objects(seam, (name,), _SERVICES)

    def members(self) -> list[Json]:
        """Who is in it, with which role."""
        members: list[Json] = self._seam._call(list_members, self.name)["items"]
        return members

    def set_member(self, name: str, role: str, *, group: bool = False) -> None:
        """Makes a user, or a group, a member: `viewer`, `editor` or `admin`."""
        body = _Body({"role": role})
        self._seam._call(set_member, self.name, _member_type(group), name, body=body)

    def remove_member(self, name: str, *, group: bool = False) -> None:
        """Takes a member out."""
        self._seam._call(remove_member, self.name, _member_type(group), name)

    def audit(self) -> Iterator[Json]:
        """Who did what, newest first; for the project's admins."""
        return self._seam._pages(list_project_audit, self.name)

    def benchmarks(self) -> Iterator[Json]:
        """Results of benchmarks, newest first."""
        return self._seam._pages(list_benchmarks, self.name)

    def benchmark(self, number: int) -> Json:
        """One result as a whole."""
        result: Json = self._seam._call(get_benchmark, self.name, number)
        return result

    def changes(self, *, after: int | None = None) -> Iterator[Change]:
        """What is recorded of this project, as it comes; see `Seam.changes`."""
        return self._seam.changes(project=self.name, after=after)


def _member_type(group: bool) -> Any:
    return "group" if group else "user"


def _phase_in(found: Json) -> str:
    return str(found.get("status", {}).get("phase", "without a phase yet"))


def _reasons_in(found: Json) -> str:
    conditions = found.get("status", {}).get("conditions", [])
    reasons = [f"{each['reason']}: {each.get('message', '')}" for each in conditions if each.get("status") != "True"]
    return "; ".join(reasons) or "no condition says why"
