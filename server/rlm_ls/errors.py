"""Every error a user can meet: a code, a sentence, and where there is one, the remedy.

Codes are application codes, outside the ranges that JSON-RPC and LSP reserve. They never change meaning:
40xx the request, 41xx documents, 42xx models, 43xx programs, 44xx runs and the store.
"""

from __future__ import annotations

from typing import ClassVar


class RlmError(Exception):
    """Base of all errors shown to a user.

    `code` is stable and is sent over the wire; `remedy` says what to do next and may be empty.
    """

    code: ClassVar[int] = 4000
    ends_run: ClassVar[bool] = False
    """Whether nothing a script could do instead would help: the run ends, and can be resumed."""
    spent: object = None
    """The Usage of a model call that cost something before it failed; read it with models.base.spent."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class EmptyQuestion(RlmError):
    code = 4001


class BadRequest(RlmError):
    """The request's own fields contradict each other or are out of range."""

    code = 4002


class LevelUnavailable(RlmError):
    """A level of programs (wasm, native, llm) was required that this server cannot run."""

    code = 4003


class ServerBusy(RlmError):
    """More was asked at once than the server takes."""

    code = 4008

    def __init__(self, under_way: int) -> None:
        super().__init__(f"{under_way:,} requests are under way; no more are taken.", "Wait for some of them.")


class DocumentMissing(RlmError):
    code = 4101


class DocumentBinary(RlmError):
    code = 4102


class DocumentEmpty(RlmError):
    code = 4103


class DocumentEncoding(RlmError):
    """The bytes are not text in the encoding that was asked for (UTF-8 unless set otherwise)."""

    code = 4104


class DocumentChanged(RlmError):
    """A file was truncated or replaced while a run was reading it."""

    code = 4105


class DocumentUnreadable(RlmError):
    """The file exists and cannot be opened: permissions, a directory, a device."""

    code = 4106


class NoDocuments(RlmError):
    """The scope holds nothing to read: no file matched, or all were skipped."""

    code = 4107


class DocumentDenied(RlmError):
    """The file looks like a secret (keys, .env); such files never enter a Context."""

    code = 4108


class RemoteFailed(RlmError):
    """A text that lies elsewhere could not be read: no network, no credentials, no library for it."""

    code = 4110


class ExtractorMissing(RlmError):
    """The document is of a kind whose text only a library can take out, and that is not installed."""

    code = 4109


class UnknownModel(RlmError):
    code = 4201


class ModelRefused(RlmError):
    """The provider refused the key or the account (401, 403, payment)."""

    code = 4202


class ModelUnreachable(RlmError):
    """No answer from the endpoint: connection refused, DNS, timeout, after all retries."""

    code = 4203


class ModelFailed(RlmError):
    """The provider answered with an error that a retry did not mend (5xx, malformed reply, context too long).

    `passing`: it is the provider's state and not the request's; in a while, or elsewhere, the same request may do.
    """

    code = 4204
    passing = False
    too_long = False
    """The prompt does not fit the model's window: a shorter one may."""


class ModelNotLocal(RlmError):
    """Privacy is `local` and the model's endpoint is not on this machine."""

    code = 4205


class RecordingMismatch(RlmError):
    """A replayed run asked something else than its recording holds."""

    code = 4206


class SubCallFailed(RlmError):
    """A sub-model or a child run that a script asked gave no usable reply."""

    code = 4207


class ModelChanged(RlmError):
    """A run that broke off would go on with another model, at another endpoint or with less privacy than it began."""

    code = 4208


class BadPattern(RlmError):
    """A search pattern is invalid, or means something no linear-time engine can do."""

    code = 4301


class SearchTimeout(RlmError):
    code = 4302


class ProgramError(RlmError):
    """A program asked a verb for something it cannot do: wrong argument, line out of range."""

    code = 4303


class SearchFailed(RlmError):
    """A search worker died (out of memory, killed) or failed in a way that nobody foresaw."""

    code = 4304


class SandboxMissing(RlmError):
    """The program that scripts run in is not installed beside us."""

    code = 4305


class CompileFailed(RlmError):
    """A program does not compile, or its compiler was stopped: the first error, with its line in the program.

    `line` counts from 1 in the source as its author wrote it, 0 where the compiler named none; `note` is the
    compiler's own advice and may be empty.
    """

    code = 4306

    def __init__(self, message: str, line: int = 0, note: str = "", remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.line = line
        self.note = note

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        note = f"\n{self.note}" if self.note else ""
        return f"{place}{super().__str__()}{note}"


class ProgramCrashed(RlmError):
    """A compiled program ended in a panic, a trap or a forbidden act, or gave back what is no text."""

    code = 4307


class ProgramLimit(RlmError):
    """A compiled program was stopped at a limit: time, memory or output."""

    code = 4308


class SandboxUnavailable(RlmError):
    """This system offers nothing to lock a compiler or a native program into, so neither is run."""

    code = 4309


class ConsentDenied(RlmError):
    """The user did not allow native programs here, or the workspace is not trusted."""

    code = 4310


class ClusterFailed(RlmError):
    """The cluster that was to search cannot be reached, or was lost meanwhile."""

    code = 4311
    ends_run = True


class ClusterRefused(RlmError):
    """The cluster's address is neither on this machine nor protected by mutual TLS."""

    code = 4312
    ends_run = True


class ClusterMismatch(RlmError):
    """A node of the cluster has no rlm-ls, or another version of it."""

    code = 4313
    ends_run = True


class NodeGone(SearchTimeout):
    """The node of a cluster that holds a text is not there (any more): what is on it cannot be searched."""

    code = 4314


class Unforeseen(RlmError):
    """A defect inside the server. The message names only the kind of exception."""

    code = 4409

    @classmethod
    def of(cls, fault: BaseException) -> Unforeseen:
        """The error for an exception. The exception's own text may quote the documents: it goes to the log only."""
        return cls(
            f"Something failed inside the server ({type(fault).__name__}, error {cls.code}).",
            "Please report it; rlm-ls resume goes on from here.",
        )


class UnknownRun(RlmError):
    code = 4401


class StoreFailed(RlmError):
    """The store cannot be read or changed: disk full, locked, permissions, damage, a newer version's file."""

    code = 4402
