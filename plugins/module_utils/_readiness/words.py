# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the readiness check, in the languages that people read."""

from __future__ import annotations

from typing import Dict

from . import words_en, words_zh

WORDS: Dict[str, Dict[str, str]] = {"en": words_en.WORDS, "zh": words_zh.WORDS}
