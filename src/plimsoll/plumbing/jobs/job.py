"""A background job: what it is, and how it can end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from plimsoll.kernel.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from plimsoll.kernel.identifiers import JobId, UserId

Args = TypeVar("Args")


class JobNotFound(NotFound):
    """There is no such job, or it is somebody else's."""

    code = "job-not-found"
    title = "No such job"


class JobEnded(Conflict):
    """What has ended cannot be cancelled any more."""

    code = "job-ended"
    title = "The job has ended already"


class TooManyJobs(TooMany):
    """One person has as many unfinished jobs as anybody may have."""

    code = "too-many-jobs"
    title = "Too many unfinished jobs"


class CalculationDied(Unavailable):
    """The process that calculated for a job ended before its answer, as when memory runs out."""

    code = "calculation-died"
    title = "The calculation was ended from outside"


class JobUnreadable(Invalid):
    """Its arguments or its checkpoint were written by a version that meant something else."""

    code = "job-unreadable"
    title = "The job cannot be read any more"


class JobCancelled(Exception):
    """Raised in a job's work between two steps, after somebody asked for its end."""


class JobLost(Exception):
    """Raised in a job's work whose lease ran out: another process has it, or will."""


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        return self not in {JobState.QUEUED, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class JobKind(Generic[Args]):
    """One kind of job, `slice.verb`, and the type of its arguments.

    Arguments are kept as JSON and shown to whoever sees the job: names and numbers, no secret and
    no file. After `attempts` tries in which it did not get on it has failed.
    """

    name: str
    args: type[Args]
    attempts: int = 5


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job leaves: where to read more, a path of this service, and a few figures."""

    link: str | None = None
    facts: Mapping[str, str | int | bool | None] = field(default_factory=dict)


NO_RESULT: Final = JobResult()


@dataclass(frozen=True, slots=True)
class JobProblem:
    """Why it failed, or why it has to be tried again."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. `done` of `total` is in a unit of its own; a total may be unknown.

    `percent` never falls and is 100 only when it is done. `estimated_end_at` is there while the job
    runs and its speed is known. `retry_at` is set while it waits to be tried again. `args` and
    `result` are JSON texts.
    """

    id: JobId
    owner: UserId | None
    kind: str
    state: JobState
    cancel_asked: bool
    phase: str
    done: int
    total: int | None
    percent: int | None
    estimated_end_at: datetime | None
    attempt: int
    retry_at: datetime | None
    problem: JobProblem | None
    args: str
    result: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose jobs somebody sees: their own, and the system's if `system`. Without a person: all."""

    user_id: UserId | None
    system: bool


EVERYTHING: Final = Viewer(None, system=True)
"""What whoever runs the machine sees."""
