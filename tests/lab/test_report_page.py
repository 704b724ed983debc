# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports in Chromium: they open without a complaint, on the screen and on A4. Pictures stay in build/report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils import report_gather as gather
from ansible_collections.contingency.infra.plugins.plugin_utils.document_page import html_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_document import document_of
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words import WORDS

from lab.browser import opened
from tests.unit.report import samples

PICTURES = Path(__file__).resolve().parents[2] / "build/report"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("evidence")
    samples.hospital(root)
    PICTURES.mkdir(parents=True, exist_ok=True)
    return root


def page(evidence: Path, language: str) -> Path:
    places = gather.places_of(str(evidence), None, None)
    made = gather.Made(language, samples.NOW, "zhang@duty")
    document = document_of(gather.of_incident(places, samples.INCIDENT, samples.PLAN, made))
    path = PICTURES / f"report-{language}.html"
    path.write_text(html_of(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_opens_without_a_complaint_and_prints_on_a4(evidence: Path, language: str) -> None:
    found = opened(page(evidence, language))
    assert found.console == ()
    assert found.dom.count("<svg") == 7
    assert found.picture.read_bytes().startswith(b"\x89PNG")
    assert re.search(r"Page size: +59[45]\S* x 84[12]\S* pts \(A4\)", found.paper)
    assert 5 <= len(found.sheets) <= 12
    words = WORDS[language]
    whole = "".join("".join(found.sheets).split())
    for key in ("open", "fault_record", "timeline", "objectives", "work", "chronology", "after", "evidence"):
        assert "".join(words[key].split()) in whole, key
    # Each sheet says which incident it is of, and which sheet of how many it is.
    for number, sheet in enumerate(found.sheets, 1):
        assert samples.INCIDENT in sheet
        assert f"{number}/{len(found.sheets)}" in "".join(sheet.split())


def test_a_complaint_of_the_browser_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    path.write_text(f"<!DOCTYPE html><html><head>{policy}</head><body><script>1</script></body></html>", "utf-8")
    assert any("Content Security Policy" in each for each in opened(path).console)
