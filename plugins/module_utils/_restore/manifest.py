# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest: what a backup has to hold, written when it was taken, so that it cannot be altered unseen.

Shape (JSON): {"format": 1, "name", "engine", "began_at_epoch", "current_at_epoch" (the moment of the data),
"ended_at_epoch", "server": {...}, "position": {...}, "bytes": size of the data on disk or null,
"artefacts": [{"path" relative, "bytes", "sha256"}], "content": Content.as_dict(), "digest": "sha256:...",
"signature": text or null}. The digest is over all but digest and signature, as canonical JSON: keys sorted, no white
space, ASCII. It shows damage; only a signature shows that nobody else wrote it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    CHECKSUMS,
    IDENTITY,
    Content,
    Damaged,
    Finding,
    Seen,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.signature import SignatureBad, verified_signer

FORMAT = 1
OUTSIDE = ("digest", "signature")
"""What the digest is not over."""
Kind = Union[type, Tuple[type, ...]]
NUMBER = (int, float)
KEYS: Dict[str, Kind] = {
    "format": int,
    "name": str,
    "engine": str,
    "began_at_epoch": NUMBER,
    "current_at_epoch": NUMBER,
    "ended_at_epoch": NUMBER,
    "server": dict,
    "position": dict,
    "bytes": (int, type(None)),
    "artefacts": list,
    "content": dict,
    "digest": str,
    "signature": (str, type(None)),
}
CONTENT_KEYS: Dict[str, Kind] = {
    "method": str,
    "tables": dict,
    "sequences": dict,
    "objects": dict,
    "files": dict,
    "left_out": dict,
}


def canonical(manifest: Mapping[str, Any]) -> str:
    """Return what digest and signature are over."""
    kept = {name: value for name, value in manifest.items() if name not in OUTSIDE}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the digest that belongs to what the manifest says."""
    return "sha256:" + hashlib.sha256(canonical(manifest).encode("ascii")).hexdigest()


def sealed(manifest: Mapping[str, Any], sign: Optional[Callable[[str], str]] = None) -> Dict[str, Any]:
    """Return the manifest with its digest, and with the signature that ``sign`` makes of its canonical text."""
    return {
        **manifest,
        "digest": digest(manifest),
        "signature": sign(canonical(manifest)) if sign is not None else None,
    }


def text_of(manifest: Mapping[str, Any]) -> str:
    """Return the file's text: one line for each figure, for people and for diff."""
    return json.dumps(manifest, indent=1, sort_keys=True, allow_nan=False) + "\n"


def write(host: Host, path: str, manifest: Mapping[str, Any], mode: int = 0o600) -> None:
    """Write it whole or not at all; OSError as the kernel gives it."""
    host.write_atomically(path, text_of(manifest), mode=mode)


def read(host: Host, path: str) -> Dict[str, Any]:
    """Return a manifest that is whole and unaltered; Damaged names what is wrong with it."""
    text = host.read(path)
    if text is None:
        raise Damaged(_wrong(path, "a file that can be read", "none"))
    return parsed(text, path)


def parsed(text: str, path: str = "manifest") -> Dict[str, Any]:
    """Pure: a manifest from its text; Damaged names what is wrong with it."""
    try:
        manifest = json.loads(text, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except ValueError as error:
        raise Damaged(
            _wrong(path, "a whole JSON document", f"{len(text)} characters that are none: {error}")
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        seen = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise Damaged(_wrong(path, f"a manifest of format {FORMAT}", f"format {seen}"))
    problem = shape_limitation(manifest)
    if problem is not None:
        raise Damaged(_wrong(path, "the keys of a manifest", problem))
    if digest(manifest) != manifest["digest"]:
        raise Damaged(_wrong(path, f"content with the digest {manifest['digest']}", f"altered: {digest(manifest)}"))
    return manifest


def shape_limitation(manifest: Mapping[str, Any]) -> Optional[str]:
    """Return what a manifest lacks, None where code can rely on its keys and types."""
    problem = _keys_limitation(manifest, KEYS, "")
    if problem is not None:
        return problem
    content = manifest["content"]
    checks: Sequence[Tuple[str, bool]] = (
        ("content.tables", all(_is_table(table) for table in content.get("tables", {}).values())),
        ("content.sequences", all(_is_range(pair) for pair in content.get("sequences", {}).values())),
        ("content.objects", all(_is_count(count) for count in content.get("objects", {}).values())),
        ("content.files", all(isinstance(value, str) for value in content.get("files", {}).values())),
        ("artefacts", all(_is_artefact(artefact) for artefact in manifest["artefacts"])),
    )
    wrong = [name for name, good in checks if not good]
    return _keys_limitation(content, CONTENT_KEYS, "content.") or (f"{wrong[0]} of another shape" if wrong else None)


def check(
    host: Host, manifest: Mapping[str, Any], name: str, engine: str, allowed_signers: Optional[str] = None
) -> Seen:
    """Compare whose manifest it is with what is tested, and its signature with who may sign."""
    findings = list(_of_another(manifest, name, engine))
    if allowed_signers is None:
        unproven = "who wrote the manifest: no allowed_signers are given, so only its digest was checked"
        return Seen(tuple(findings), ("the manifest is whole, by its own digest",), (unproven,))
    proven: Tuple[str, ...] = ()
    try:
        signer = verified_signer(host, canonical(manifest), manifest["signature"], allowed_signers)
        proven = (f"the manifest was signed by {signer}",)
    except SignatureBad as error:
        expected = f"a signature by one of {allowed_signers}"
        findings.append(Finding(CHECKSUMS, f"signature of the manifest of {name}", expected, error.message))
    return Seen(tuple(findings), proven)


def content_of(manifest: Mapping[str, Any]) -> Content:
    """Return what the manifest says that the backup holds."""
    content = manifest["content"]
    return Content(
        method=content["method"],
        tables=content["tables"],
        sequences={name: (int(low), int(high)) for name, (low, high) in content["sequences"].items()},
        objects=content["objects"],
        files=content["files"],
        left_out=content["left_out"],
    )


def _of_another(manifest: Mapping[str, Any], name: str, engine: str) -> List[Finding]:
    said = {"name": name, "engine": engine}
    return [
        Finding(IDENTITY, f"{key} in the manifest", expected, manifest[key])
        for key, expected in said.items()
        if manifest[key] != expected
    ]


def _wrong(path: str, expected: str, seen: str) -> Finding:
    return Finding(CHECKSUMS, f"manifest {path}", expected, seen)


def _keys_limitation(values: Mapping[str, Any], keys: Mapping[str, Kind], prefix: str) -> Optional[str]:
    for name, kind in keys.items():
        if name not in values:
            return f"no {prefix}{name}"
        if not isinstance(values[name], kind) or isinstance(values[name], bool):
            return f"{prefix}{name} of another type ({type(values[name]).__name__})"
    return None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and _is_count(value.get("rows")) and isinstance(value.get("hash"), str)


def _is_range(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_count(bound) for bound in value)


def _is_artefact(value: Any) -> bool:
    shape = {"path": str, "bytes": int, "sha256": str}
    return isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in shape.items())


def _no_twins(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """A key that stands twice would be read in one way here and in another elsewhere."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return values


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
