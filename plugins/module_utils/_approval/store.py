# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of requests and approvals: approvals/PROCEDURE-TARGET-HASH/ with request.json and, for each approval,
NAME.json as it was signed and NAME.json.sig. Whoever can write there can add nothing that counts without a key."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import stat
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._approval.decide import Given
from ansible_collections.contingency.infra.plugins.module_utils._approval.plan import Plan, plan_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused, Said, say
from ansible_collections.contingency.infra.plugins.module_utils._approval.signature import verified
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import Statement, statement_of
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import epoch_of, written
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

REQUEST = "request.json"
USES = "uses.jsonl"
USED = "used"
MOST_BYTES = 1 << 20
MOST_OTHERS = 20
"""Older requests for the same procedure and target that are looked at, to say in what they differ."""
_REFERENCE = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Request:
    """A plan that waits for approval."""

    plan: Plan
    required: int
    requested_at: float
    by: str
    incident: str = ""
    directory: str = ""

    @property
    def content(self) -> Mapping[str, object]:
        return {
            "hash": self.plan.hash,
            "required": self.required,
            "requested_at": written(self.requested_at),
            "by": self.by,
            "incident": self.incident,
            "plan": self.plan.content,
        }


class Uses:
    """The record of what was run by which approval, held by this run alone."""

    def __init__(self, path: str, writer: chain.Writer) -> None:
        self._path = path
        self._writer = writer

    def of(self, plan: Plan) -> List[Mapping[str, Any]]:
        """Return the earlier uses for this procedure and target, the oldest first."""
        return [
            line
            for line in chain.read(self._path).lines
            if line.get("kind") == USED and (line.get("procedure"), line.get("target")) == (plan.procedure, plan.target)
        ]

    def add(self, fields: Mapping[str, Any]) -> None:
        self._writer.append(USED, fields, durable=True)


class Store:
    """Reads and writes the directory; Refused where that cannot be."""

    def __init__(self, host: Host, directory: str) -> None:
        self._host = host
        self.directory = directory

    # -- requests ----------------------------------------------------------------------------------

    def request(self, wanted: Request) -> Tuple[Request, bool]:
        """Write a request; return it and whether anything changed. The same one again changes nothing."""
        directory = self._folder(wanted.plan)
        path = os.path.join(directory, REQUEST)
        there = self._request_in(directory) if os.path.lexists(path) else None
        if there is not None and _same(there, wanted):
            return there, False
        text = json.dumps(wanted.content, indent=2, ensure_ascii=False, default=str) + "\n"
        self._write(directory, {REQUEST: text})
        return replace(wanted, directory=directory), True

    def requests(self) -> List[Request]:
        """Return all requests that can be read, the newest first."""
        found = [self._request_in(os.path.join(self.directory, name)) for name in self._names()]
        return sorted((each for each in found if each is not None), key=lambda each: -each.requested_at)

    def referred(self, reference: str) -> Request:
        """Return the request that a person named by the first digits of its hash; Refused where it is not one."""
        if not _REFERENCE.fullmatch(reference):
            raise Refused(say("reference_garbled", reference=reference))
        found = [each for each in self.requests() if each.plan.hash.startswith(reference)]
        if len(found) != 1:
            raise Refused(say("reference_none", reference=reference, count=len(found), directory=self.directory))
        return found[0]

    def _request_in(self, directory: str) -> Optional[Request]:
        """Return the request in a directory, None where there is none that can be read and is as it was written."""
        text = self._text(os.path.join(directory, REQUEST))
        if text is None:
            return None
        try:
            fields = json.loads(text)
            plan = plan_of(fields["plan"])
            request = Request(
                plan,
                int(fields["required"]),
                epoch_of(fields["requested_at"], directory),
                str(fields["by"]),
                str(fields["incident"]),
                directory,
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Refused):
            return None
        return request if fields.get("hash") == plan.hash else None

    # -- approvals ---------------------------------------------------------------------------------

    def keep(self, request: Request, statement: Statement, signature: str) -> List[str]:
        """Write an approval and return its files. The signature comes first: one without its statement is nothing."""
        stamp = written(statement.approved_at).replace(":", "").replace("-", "")
        name = f"{stamp}-{_slug(statement.approver)}.json"
        self._write(request.directory, {f"{name}.sig": signature, name: statement.text})
        return [os.path.join(request.directory, name), os.path.join(request.directory, f"{name}.sig")]

    def approvals(self, plan: Plan, signers: str) -> Tuple[List[Given], Dict[str, Plan], List[Tuple[str, Said]]]:
        """Return what was given for a procedure and target, other plans for them by hash, and what cannot be read.

        Signatures over other plans are not looked at: those approvals count for nothing and only explain.
        """
        own = self._folder(plan)
        folders = [os.path.join(self.directory, name) for name in self._names() if _is_for(name, plan)]
        others = sorted((path for path in folders if path != own), key=_changed_at)[-MOST_OTHERS:]
        found: List[Given] = []
        garbled: List[Tuple[str, Said]] = []
        for folder in [*others, own]:
            try:
                paths = self._statements(folder)
            except Refused as error:
                garbled.append((folder, error.said))
                continue
            for path in paths:
                try:
                    found.append(self._given(path, plan, signers))
                except Refused as error:
                    garbled.append((path, error.said))
        requests = [self._request_in(folder) for folder in others]
        plans = {each.plan.hash: each.plan for each in requests if each is not None}
        return found, plans, garbled

    def _statements(self, folder: str) -> List[str]:
        names = sorted(_listed(folder))
        return [os.path.join(folder, name) for name in names if name.endswith(".json") and name != REQUEST]

    def _given(self, path: str, plan: Plan, signers: str) -> Given:
        text = self._text(path)
        if text is None and not os.access(path, os.R_OK):
            raise Refused(say("not_read", path=path, why=os.strerror(errno.EACCES)))
        if text is None:
            raise Refused(say("statement_garbled", path=path))
        statement = statement_of(text, path)
        if statement.plan != plan.hash:
            return Given(path, statement)
        signature = verified(self._host, text, f"{path}.sig", statement.approver, signers)
        return Given(path, statement, signature.key, signature.limitation)

    # -- uses --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self) -> Iterator[Uses]:
        """Hold the record of uses alone, so that two runs at once are not counted as one; Refused where it cannot be
        written."""
        path = os.path.join(self.directory, USES)
        try:
            private_directory(self.directory)
            with chain.locked(path) as writer:
                yield Uses(path, writer)
        except OSError as error:
            raise Refused(say("not_written", path=path, why=error.strerror or error)) from error

    # -- files -------------------------------------------------------------------------------------

    def _folder(self, plan: Plan) -> str:
        return os.path.join(self.directory, f"{_prefix(plan)}-{plan.name}")

    def _names(self) -> List[str]:
        return [name for name in _listed(self.directory) if os.path.isdir(os.path.join(self.directory, name))]

    def _text(self, path: str) -> Optional[str]:
        """Return a file of these, None where it is missing, no file or larger than any of them is."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        return self._host.read(path) if stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES else None

    def _write(self, directory: str, files: Mapping[str, str]) -> None:
        try:
            private_directory(directory)
            for name, text in files.items():
                self._host.write_atomically(os.path.join(directory, name), text)
        except OSError as error:
            raise Refused(say("not_written", path=directory, why=error.strerror)) from error


def private_directory(path: str) -> None:
    """Make a directory, and those above it that are missing, for their owner alone; OSError as the kernel gives it."""
    if os.path.isdir(path):
        return
    private_directory(os.path.dirname(path))
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)


def _same(there: Request, wanted: Request) -> bool:
    return (there.plan.hash, there.required, there.incident) == (wanted.plan.hash, wanted.required, wanted.incident)


def _prefix(plan: Plan) -> str:
    return f"{_slug(plan.procedure)}-{_slug(plan.target)}"


def _is_for(name: str, plan: Plan) -> bool:
    return re.fullmatch(re.escape(_prefix(plan)) + "-[0-9a-f]{12}", name) is not None


def _slug(text: str) -> str:
    return re.sub(r"[^\w.@+-]", "_", text).lstrip(".")[:80] or "_"


def _listed(directory: str) -> Sequence[str]:
    """Return the names in a directory, none where it is not there; Refused where nobody can say what is in it."""
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Refused(say("not_read", path=directory, why=error.strerror)) from error


def _changed_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
