# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long service was gone: counted as the record has it last, and not known where the record cannot be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils.document_markdown import markdown_of
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_open import points
from ansible_collections.contingency.infra.plugins.plugin_utils.report_summary import headline
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

from tests.unit.report import samples
from tests.unit.report.test_report import kind_of, subject, written


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    samples.hospital(tmp_path)
    return tmp_path


def test_an_incident_that_goes_on_is_not_told_as_over(evidence: Path) -> None:
    written(evidence, [each for each in samples.events(evidence) if each[1] != "recovered"])
    found = subject(evidence)
    assert headline(found) == "NOT RECOVERED: service has been gone since 2026-11-22 14:02:07."
    assert kind_of(found) == BAD
    assert points(found)[0] == "Service is not recovered, or nobody has recorded that it is."


def test_a_fault_that_came_back_counts_as_long_as_it_was_there(evidence: Path) -> None:
    more: list[samples.Told] = [
        (samples.BEGAN + 7000, "relapsed", {"by": "zhang@duty"}),
        (samples.BEGAN + 7060, "recovered", {"by": "zhang@duty"}),
    ]
    written(evidence, [*samples.events(evidence), *more])
    assert headline(subject(evidence)) == "Service was gone for 8 min 3 s and is back."


def test_a_recovery_that_is_corrected_counts_as_corrected(evidence: Path) -> None:
    more = (samples.BEGAN + 900, "recovered", {"happened_epoch": samples.BEGAN + 183, "by": "zhang@duty"})
    written(evidence, [*samples.events(evidence), more])
    found = subject(evidence)
    assert headline(found) == "Service was gone for 3 min 3 s and is back."
    assert "Recovered: 2026-11-22 14:05:10" in markdown_of(document_of(found))


@pytest.mark.parametrize(("language", "said"), [("en", "is NOT KNOWN"), ("zh", "中断多久无法得知")])
def test_a_recovery_before_the_fault_is_no_short_outage(evidence: Path, language: str, said: str) -> None:
    opened, *others = samples.events(evidence)
    written(evidence, [samples.with_fields(opened, occurred_epoch=samples.BEGAN + 5000), *others])
    found = subject(evidence, language)
    assert said in headline(found)
    assert WORDS[language]["unknown"] in html_of(document_of(found))


def test_without_the_time_of_the_fault_the_outage_counts_from_its_discovery_and_says_so(evidence: Path) -> None:
    opened, *others = samples.events(evidence)
    written(evidence, [samples.with_fields(opened, occurred_epoch=None), *others])
    assert headline(subject(evidence)).startswith(
        "Service is back. It was gone for 6 min 10 s since the fault was seen"
    )
