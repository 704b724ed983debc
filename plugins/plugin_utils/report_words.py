# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a report, in the languages that people read."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.plugin_utils.report_heads import HEADS
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words_en import EN
from ansible_collections.contingency.infra.plugins.plugin_utils.report_words_zh import ZH

WORDS: dict[str, dict[str, str]] = {"en": {**EN, **HEADS["en"]}, "zh": {**ZH, **HEADS["zh"]}}
