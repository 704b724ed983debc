# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as the node exporter's textfile collector reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.contingency.infra.plugins.module_utils._readiness.metrics import rendered
from ansible_collections.contingency.infra.plugins.module_utils._readiness.model import OK, SEVERITIES, Finding, say
from hypothesis import given
from hypothesis import strategies as st

LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)')
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
Sample = tuple[str, dict[str, str], float]


def parsed(text: str) -> list[Sample]:
    """A small parser of the exposition format; each metric has its help and its type before its samples."""
    assert text.endswith("\n")
    helped: set[str] = set()
    typed: set[str] = set()
    samples = []
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            helped.add(line.split(" ")[2])
        elif line.startswith("# TYPE "):
            assert line.split(" ")[3] == "gauge"
            typed.add(line.split(" ")[2])
        else:
            name, labels, value = _sample(line)
            assert name in helped & typed
            samples.append((name, labels, value))
    return samples


def _sample(line: str) -> Sample:
    name = re.match(r"[a-z_]+", line)
    assert name, line
    rest = line[name.end() :]
    labels: dict[str, str] = {}
    if rest.startswith("{"):
        inside, _brace, rest = rest[1:].rpartition("}")
        labels = dict(_labels(inside))
    return name.group(), labels, float(rest)


def _labels(text: str) -> Iterator[tuple[str, str]]:
    while text:
        found = LABEL.match(text)
        assert found, text
        yield found.group(1), re.sub(r'\\[\\n"]', lambda each: UNESCAPED[each.group()], found.group(2))
        text = text[found.end() :]


def finding(subject: str, check: str, severity: str) -> Finding:
    return Finding(subject, check, severity, say("why", why="x"), say("nothing"), say("nothing"))


FINDINGS = st.lists(st.builds(finding, st.text(), st.text(), st.sampled_from(SEVERITIES)))


@given(FINDINGS)
def test_every_finding_is_found_again_whatever_its_name(findings: list[Finding]) -> None:
    samples = parsed(rendered(findings, 1.5, 0.25))
    series = {
        (labels["subject"], labels["check"]): value
        for name, labels, value in samples
        if name == "contingency_readiness"
    }
    assert set(series) == {(each.subject, each.check) for each in findings}
    for each in findings:
        if each.severity in ("critical", "unknown"):
            assert series[(each.subject, each.check)] == 0
    identities = [(name, tuple(labels.items())) for name, labels, _value in samples]
    assert len(set(identities)) == len(identities), "Prometheus refuses a series that is there twice"


@given(FINDINGS)
def test_counts_and_the_verdict(findings: list[Finding]) -> None:
    samples = parsed(rendered(findings, 1.5, 0.25))
    counted = {labels["severity"]: value for name, labels, value in samples if name == "contingency_readiness_findings"}
    assert counted == {severity: sum(each.severity == severity for each in findings) for severity in SEVERITIES}
    ready = next(value for name, _labels, value in samples if name == "contingency_readiness_ready")
    assert ready == (bool(findings) and counted["critical"] + counted["unknown"] == 0)


def test_the_age_of_the_file_can_be_told() -> None:
    samples = parsed(rendered([finding("a", "b", OK)], 1_700_000_000.5, 0.25))
    assert ("contingency_readiness_last_run_timestamp_seconds", {}, 1_700_000_000.5) in samples
