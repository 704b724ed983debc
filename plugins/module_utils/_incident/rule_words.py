# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A condition of the plan as people read it."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import length
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Condition, Policy, Titled
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import both
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import in_language

LENGTHS = ("outage_over", "outage_up_to", "elapsed_over", "elapsed_up_to")
ANSWERS = ("core_service", "data_loss", "handling_error", "recovered", "activated")


def condition_words(policy: Policy, condition: Condition, incident: Optional[Incident] = None) -> Dict[str, str]:
    """Pure: a condition in each language. With an incident only that class and scope are named that it has."""
    details: Mapping[str, Any] = incident.details if incident else {}
    parts = _named("if_class", condition.classes, policy.classes, details.get("incident_class"))
    parts += _named("if_scope", condition.scopes, policy.scopes, details.get("scope"))
    for name in LENGTHS:
        limit = getattr(condition, name)
        parts += [] if limit is None else [both(f"if_{name}", length=length(limit))]
    for name in ANSWERS:
        wanted = getattr(condition, name)
        parts += [] if wanted is None else [both(f"if_{name}" if wanted else f"if_not_{name}")]
    if condition.affected_at_least is not None:
        parts.append(both("if_affected_at_least", count=condition.affected_at_least))
    return joined(parts) if parts else both("if_always")


def joined(parts: Iterable[Mapping[str, str]]) -> Dict[str, str]:
    """Pure: parts of a sentence, one after the other, in each language."""
    found = list(parts)
    return {"en": ", ".join(each["en"] for each in found), "zh": "，".join(each["zh"] for each in found)}


def _named(
    word: str, keys: Optional[Tuple[str, ...]], titles: Mapping[str, Titled], own: Optional[str]
) -> List[Dict[str, str]]:
    if keys is None:
        return []
    named: Sequence[str] = [own] if own in keys and own is not None else keys
    english, chinese = ([in_language(titles[key].title, language) for key in named] for language in ("en", "zh"))
    return [both(word, names={"en": " / ".join(english), "zh": "、".join(chinese)})]
