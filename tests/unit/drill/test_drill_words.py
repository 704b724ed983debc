# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every word of a drill is there in both languages, with the same places to fill."""

from __future__ import annotations

import re

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._drill.marks import EVENT_PHASES, figure_name
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import WORDS
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import PHASES
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import AT_LEAST, MEASURED_BY


def places(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


def test_both_languages_have_the_same_words() -> None:
    assert list(WORDS["en"]) == list(WORDS["zh"])


@pytest.mark.parametrize("key", WORDS["en"])
def test_each_word_has_the_same_places(key: str) -> None:
    assert places(WORDS["en"][key]) == places(WORDS["zh"][key])


def test_there_is_a_word_for_everything_that_is_judged() -> None:
    wanted = {f"phase_{phase}" for phase in PHASES}
    wanted |= {f"event_{kind}" for kind in EVENT_PHASES}
    wanted |= {f"figure_{name}" for names in MEASURED_BY.values() for name in names} | {
        f"figure_{n}" for n in MEASURED_BY
    }
    wanted |= {f"figure_{name}" for name in AT_LEAST}
    assert wanted <= set(WORDS["en"])


def test_a_figure_without_words_has_its_own_name() -> None:
    assert figure_name("fuel_litres") == {"en": "fuel litres", "zh": "fuel_litres"}
