# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a backup and their sha256: written down when it is taken, compared when it is copied or tested."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import CHECKSUMS, Finding, Seen

BLOCK = 1 << 20  # bytes read at once
BESIDE = ("globals.sql", "accounts.sql")
"""What lies beside a dump in its backup's directory."""


class Artefact(NamedTuple):
    """One file of a backup; ``path`` is relative to the backup's directory."""

    path: str
    bytes: int
    sha256: str


def sha256_of(path: str) -> str:
    """Return the sha256 of a file's bytes; OSError as the kernel gives it."""
    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        for block in _blocks(file.fileno()):
            found.update(block)
    return found.hexdigest()


def artefacts_of(directory: str, jobs: int = 2, left_out: Sequence[str] = ()) -> List[Artefact]:
    """Return every file below a directory, in the order of their paths; hashing leaves Python's lock, so jobs count."""
    paths = sorted(path for path in relative_files(directory) if path not in left_out)
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        hashes = list(pool.map(lambda path: sha256_of(os.path.join(directory, path)), paths))
    sizes = [os.path.getsize(os.path.join(directory, path)) for path in paths]
    return [Artefact(*row) for row in zip(paths, sizes, hashes)]


def relative_files(directory: str) -> Iterator[str]:
    """Return the paths of all regular files below a directory, relative to it; links are not followed."""
    for folder, _folders, names in os.walk(directory, onerror=_raised):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                yield os.path.relpath(path, directory)


def artefacts_in(manifest: Mapping[str, Any]) -> List[Artefact]:
    """Return the artefacts that a manifest names."""
    return [Artefact(row["path"], row["bytes"], row["sha256"]) for row in manifest["artefacts"]]


def compared(directory: str, expected: Sequence[Artefact], jobs: int = 2) -> Seen:
    """Compare the files below a directory with what the manifest says; what lies there beside them is no matter."""
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        findings = [
            finding
            for finding in pool.map(lambda artefact: difference(directory, artefact), expected)
            if finding is not None
        ]
    if findings:
        return Seen(tuple(findings))
    if not expected:
        return Seen(unproven=("the files of the backup: the manifest names none",))
    total = sum(artefact.bytes for artefact in expected)
    return Seen(proven=(f"{len(expected)} files with {total} bytes have the sha256 of the manifest",))


def copy_compared(path: str, manifest: Optional[Mapping[str, Any]], jobs: int) -> Seen:
    """Compare a copy with its manifest: a backup's directory, or what was copied out of it."""
    if manifest is None:
        return Seen(unproven=("that the files are those that were written: there is no manifest",))
    artefacts = artefacts_in(manifest)
    if os.path.isdir(path):
        return compared(path, rebased(artefacts, path), jobs)
    return compared(os.path.dirname(path), one_file(artefacts, os.path.basename(path)), jobs)


def rebased(artefacts: Sequence[Artefact], path: str) -> Sequence[Artefact]:
    """Pure: paths relative to the backup's directory, or to one of its directories where that is what was copied."""
    name = os.path.basename(path)
    inner = [each for each in artefacts if each.path.startswith(name + "/")]
    if inner and not os.path.exists(os.path.join(path, name)):
        return [each._replace(path=each.path[len(name) + 1 :]) for each in inner]
    return artefacts


def one_file(artefacts: Sequence[Artefact], name: str) -> Sequence[Artefact]:
    """Pure: what the manifest says of one file; the copy may have another name where there is but one it can be."""
    named = [each for each in artefacts if os.path.basename(each.path) == name]
    if named:
        return named
    dumps = [each for each in artefacts if os.path.basename(each.path) not in BESIDE]
    return [dumps[0]._replace(path=name)] if len(dumps) == 1 else artefacts


def difference(directory: str, artefact: Artefact) -> Optional[Finding]:
    """Return what is wrong with one file, None where it is as the manifest says."""
    what = f"file {artefact.path}"
    if not is_inside(artefact.path):
        return Finding(CHECKSUMS, what, "a path within the backup", "a path that leads out of it")
    path = os.path.join(directory, artefact.path)
    try:
        size = os.path.getsize(path)
        if size != artefact.bytes:
            return Finding(CHECKSUMS, what, f"{artefact.bytes} bytes", f"{size} bytes")
        seen = sha256_of(path)
    except OSError as error:
        return Finding(CHECKSUMS, what, f"{artefact.bytes} bytes", error.strerror or str(error))
    return None if seen == artefact.sha256 else Finding(CHECKSUMS, what, f"sha256 {artefact.sha256}", f"sha256 {seen}")


def is_inside(path: str) -> bool:
    """Does a relative path stay below where it starts?"""
    return bool(path) and not os.path.isabs(path) and ".." not in path.split("/")


def as_rows(artefacts: Sequence[Artefact]) -> List[Dict[str, Any]]:
    """Return them as the manifest holds them."""
    return [{"path": entry.path, "bytes": entry.bytes, "sha256": entry.sha256} for entry in artefacts]


def _blocks(handle: int) -> Iterator[bytes]:
    while True:
        block = os.read(handle, BLOCK)
        if not block:
            return
        yield block


def _raised(error: OSError) -> None:
    raise error
