# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was restored against what the manifest says: each table, sequence, kind of object and file by name."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._restore import manifest as manifests
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import CONTENT, Content, Finding, Seen

SHOWN = 10
"""So many differences of a kind are told one by one; of the others only how many."""
ABSENT = "not there"
Difference = Tuple[str, str, str]
"""The object, what was expected, what was seen."""
MAY_BE_ABSENT = re.compile(
    r"\Aa table of the extension "
    r"|\b(made|created|new|came|appeared|dropped|removed|gone|went|vanished|replaced|renamed)\b"
    r".*\b(while|before|after) the backup was taken"
)
"""Why something is left out that a restore need not have: it came or went during the backup, or its extension makes it.

Everything else that is left out is not compared by its rows, and has to be there all the same.
"""


def compare(manifest: Optional[Mapping[str, Any]], seen: Content) -> Seen:
    """Return what differs from the manifest; without one it says what could not be proven."""
    if manifest is None:
        return _read_only(seen)
    expected = content_of(manifest)
    if expected is None or not (expected.tables or expected.files):
        missing = Finding(CONTENT, "content in the manifest", "tables or files with their hashes", "none")
        return Seen((missing,))
    return _compared(expected, seen)


def _read_only(seen: Content) -> Seen:
    """Without a manifest nothing is known of what there has to be, but it has to be something."""
    if not seen.files and not any(table.get("rows") for table in seen.tables.values()):
        return Seen((Finding(CONTENT, "restored data", "rows or files", _amount(seen)),))
    return Seen(proven=(f"{_amount(seen)} could be read to the end",), unproven=(_WITHOUT,))


_WITHOUT = "its content: there is no manifest to compare it with, so rows or files that are missing are not noticed"


def content_of(manifest: Mapping[str, Any]) -> Optional[Content]:
    """Return the content that a manifest promises, None where it promises none or it cannot be read."""
    try:
        content = manifests.content_of(manifest)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return content if content.method else None


def _compared(expected: Content, seen: Content) -> Seen:
    left_out = {**expected.left_out, **seen.left_out}
    same_method = expected.method == seen.method
    kinds: Dict[str, List[Difference]] = {
        "tables": _tables(expected, seen, left_out, same_method) + _absent(expected, seen),
        "sequences": _sequences(expected, seen, left_out),
        "kinds of objects": _objects(expected, seen),
        "files": _files(expected, seen, left_out) if same_method else [],
    }
    both = _both(expected, seen, left_out, same_method)
    findings = tuple(finding for kind, found in kinds.items() for finding in told(CONTENT, kind, found))
    if not (seen.tables or seen.files):
        findings += (Finding(CONTENT, "restored data", _amount(expected), _amount(seen)),)
    elif not findings:
        findings = _nothing_compared(expected, both, left_out)
    unproven = [f"{name}: {why}" for name, why in _first(sorted(left_out.items()))]
    unproven += [f"{len(left_out) - SHOWN} more that were left out"] if len(left_out) > SHOWN else []
    if not same_method:
        unproven.append(f"hashes: they were made by {expected.method}, and here by {seen.method}")
    unproven += _without_hash(both, expected)
    unproven += _without_count(expected, seen)
    proven = () if findings else (f"{_amount(both)} are as in the manifest",)
    return Seen(findings, proven, tuple(unproven))


def _both(expected: Content, seen: Content, left_out: Mapping[str, str], same_method: bool) -> Content:
    """Return what of the restored data can be compared, which is what may be called proven."""
    tables = {name: table for name, table in seen.tables.items() if name in expected.tables and name not in left_out}
    files = {path: digest for path, digest in seen.files.items() if path in expected.files and path not in left_out}
    return Content(seen.method, tables=tables, files=files if same_method else {})


def _nothing_compared(expected: Content, both: Content, left_out: Mapping[str, str]) -> Tuple[Finding, ...]:
    """A manifest of which nothing can be compared must not pass for one that was fulfilled."""
    kinds = (("tables", expected.tables, both.tables), ("files", expected.files, both.files))
    return tuple(
        Finding(
            CONTENT, f"{kind} that can be compared", f"{len(promised)} of the manifest", _why_none(promised, left_out)
        )
        for kind, promised, compared in kinds
        if promised and not compared
    )


def _why_none(promised: Mapping[str, Any], left_out: Mapping[str, str]) -> str:
    reasons = [f"{name}: {left_out[name]}" for name in sorted(promised) if name in left_out]
    return f"none ({reasons[0] if reasons else 'their hashes were made in another way'})"


def _absent(expected: Content, seen: Content) -> List[Difference]:
    """Return what is left out, so that its rows are not compared, and should at least be there."""
    there = {*seen.tables, *seen.left_out, *seen.sequences}
    promised = {name: why for name, why in expected.left_out.items() if name not in expected.files}
    return [
        (f"table {name}", f"there ({why})", ABSENT)
        for name, why in sorted(promised.items())
        if expected.tables and name not in there and not MAY_BE_ABSENT.search(why)
    ]


def _tables(expected: Content, seen: Content, left_out: Mapping[str, str], same_method: bool) -> List[Difference]:
    found: List[Difference] = []
    for name in _names(expected.tables, seen.tables, left_out):
        there, here = expected.tables.get(name), seen.tables.get(name)
        if there is None or here is None or there.get("rows") != here.get("rows"):
            found.append((f"table {name}", _rows(there), _rows(here)))
        elif same_method and _hashed(there, here) and there["hash"] != here["hash"]:
            found.append((f"table {name}", f"hash {there['hash']}", f"hash {here['hash']} of as many rows"))
    return found


def _without_hash(both: Content, expected: Content) -> List[str]:
    bare = [name for name, table in sorted(both.tables.items()) if not _hashed(expected.tables[name], table)]
    return (
        [f"the content of {len(bare)} tables, of which only rows were counted: {', '.join(_first(bare))}"]
        if bare
        else []
    )


def _without_count(expected: Content, seen: Content) -> List[str]:
    known = {*expected.objects, *expected.left_out}
    kinds = [kind for kind, count in sorted(seen.objects.items()) if count and kind not in known]
    return [f"the number of {', '.join(kinds)}: the manifest does not tell it"] if kinds else []


def _hashed(there: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    return there.get("hash") is not None and here.get("hash") is not None


def _rows(table: Optional[Mapping[str, Any]]) -> str:
    return ABSENT if table is None else f"{table.get('rows', '?')} rows"


def _sequences(expected: Content, seen: Content, left_out: Mapping[str, str]) -> List[Difference]:
    """A restored sequence may be anywhere that it was while the backup was taken."""
    found: List[Difference] = []
    for name in _names(expected.sequences, seen.sequences, left_out):
        there, here = expected.sequences.get(name), seen.sequences.get(name)
        if there is None or here is None or here[0] > there[1] or here[1] < there[0]:
            found.append((f"sequence {name}", _range(there), _range(here)))
    return found


def _range(values: Optional[Tuple[int, int]]) -> str:
    if values is None:
        return ABSENT
    return str(values[0]) if values[0] == values[1] else f"{values[0]} to {values[1]}"


def _objects(expected: Content, seen: Content) -> List[Difference]:
    """Only kinds that the manifest counts: the others changed while the backup was taken, or are of a later format."""
    counts = [(kind, there, seen.objects.get(kind, 0)) for kind, there in sorted(expected.objects.items())]
    return [(kind, str(there), str(here)) for kind, there, here in counts if there != here]


def _files(expected: Content, seen: Content, left_out: Mapping[str, str]) -> List[Difference]:
    found: List[Difference] = []
    for path in _names(expected.files, seen.files, left_out):
        there, here = expected.files.get(path), seen.files.get(path)
        if there != here:
            found.append((f"file {path}", _digest(there), _digest(here)))
    return found


def _digest(digest: Optional[str]) -> str:
    return ABSENT if digest is None else f"sha256 {digest}"


def _names(there: Mapping[str, Any], here: Mapping[str, Any], left_out: Mapping[str, str]) -> List[str]:
    return sorted(name for name in {*there, *here} if name not in left_out)


def _first(entries: Sequence[Any]) -> Sequence[Any]:
    return entries[:SHOWN]


def told(stage: str, kind: str, differences: Sequence[Difference]) -> Iterable[Finding]:
    """Return the first differences one by one, and one finding for all the others."""
    for what, expected, seen in differences[:SHOWN]:
        yield Finding(stage, what, expected, seen)
    if len(differences) > SHOWN:
        yield Finding(stage, f"{len(differences) - SHOWN} more {kind}", "as expected", "different too")


def _amount(content: Content) -> str:
    parts = []
    if content.tables:
        rows = sum(int(table.get("rows") or 0) for table in content.tables.values())
        parts.append(f"{len(content.tables)} tables with {rows} rows")
    if content.files:
        parts.append(f"{len(content.files)} files")
    return " and ".join(parts) or "no tables and no files"
