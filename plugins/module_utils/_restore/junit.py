# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a restore test as JUnit XML: each copy's stages as test cases, findings as failures."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rendered(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the document for the evidence of several sets, as Outcome.as_dict() gives it."""
    suites = "".join(_suite(result) for result in results)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="restore tests">\n{suites}</testsuites>\n'


def _suite(result: Mapping[str, Any]) -> str:
    cases: List[str] = []
    counted = {"tests": 0, "failures": 0, "skipped": 0}
    for place, copy in enumerate(result.get("copies") or [], 1):
        _add_copy(cases, counted, f"{result['name']}.copy {place}", copy)
    if not cases:
        _add(cases, counted, str(result["name"]), "restore", 0.0, _skipped(str(result.get("not_run") or "not run")))
    head = _attributes({"name": result["name"], **counted, "errors": 0, "time": f"{result.get('seconds') or 0:.3f}"})
    return f" <testsuite{head}>\n{''.join(cases)} </testsuite>\n"


def _add_copy(cases: List[str], counted: Dict[str, int], owner: str, copy: Mapping[str, Any]) -> None:
    done = {stage["name"]: stage for stage in copy["stages"]}
    for name in STAGES:
        stage = done.get(name)
        if stage is None:
            _add(
                cases, counted, owner, name, 0.0, _skipped(str(copy.get("not_run") or "an earlier stage found damage"))
            )
        else:
            _add(cases, counted, owner, name, stage["seconds"], "".join(map(_failure, stage["findings"])))


def _add(cases: List[str], counted: Dict[str, int], owner: str, name: str, seconds: float, inner: str) -> None:
    counted["tests"] += 1
    counted["skipped"] += inner.startswith("   <skipped")
    counted["failures"] += inner.startswith("   <failure")
    head = _attributes({"classname": owner, "name": name, "time": f"{seconds:.3f}"})
    cases.append(f"  <testcase{head}>\n{inner}  </testcase>\n" if inner else f"  <testcase{head}/>\n")


def _failure(finding: Mapping[str, Any]) -> str:
    body = f"expected: {finding['expected']}\nseen: {finding['seen']}"
    return f"   <failure{_attributes({'message': finding['sentence']})}>{escape(_clean(body))}</failure>\n"


def _skipped(why: str) -> str:
    return f"   <skipped{_attributes({'message': why})}/>\n"


def _attributes(values: Mapping[str, Any]) -> str:
    return "".join(f" {name}={quoteattr(_clean(str(value)))}" for name, value in values.items())


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("?", text)
