# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an outage in the directory of the evidence: what was done as data and as text, and a picture of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.plot import Bar, Mark, Sample, picture
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.store import PENDING, SHUTTING, Outage

MARKS = {
    "en": {"mains": "mains lost", "planned": "planned shutdown", "stage": "stage {name}", "hard": "battery of {name}"},
    "zh": {"mains": "停电", "planned": "计划关机", "stage": "阶段 {name}", "hard": "{name} 电量告急"},
}


def write_outage(
    directory: str,
    outage: Outage,
    samples: Sequence[Mapping[str, Any]],
    hosts: Sequence[str],
    facts: Mapping[str, Any],
    text: str,
    language: str,
) -> list[str]:
    """Write the report of an outage anew and return the paths; OSError where the disk refuses.

    There is one report for each outage, as it stands after its latest run.
    """
    os.makedirs(directory, mode=0o700, exist_ok=True)
    base = os.path.join(directory, f"outage-{outage.id}")
    data = {"outage": outage.as_dict(), "last_run": facts, "samples": list(samples)}
    files = {
        f"{base}.json": json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n",
        f"{base}.md": text,
        f"{base}.svg": drawing(outage, samples, hosts, language),
    }
    for path, content in files.items():
        LocalHost().write_atomically(path, content)
    return list(files)


def drawing(outage: Outage, samples: Sequence[Mapping[str, Any]], hosts: Sequence[str], language: str) -> str:
    """Return the picture of an outage."""
    told = [
        Sample(outage.began.epoch + sample["age"], each["name"], each.get("runtime_seconds"), each.get("load_percent"))
        for sample in samples
        for each in sample["readings"]
    ]
    bars = [_bar(name, outage) for name in hosts]
    return picture(outage.began.epoch, told, bars, marks(outage, samples, language), language)


def _bar(name: str, outage: Outage) -> Bar:
    state = outage.nodes.get(name)
    if state is None or state.state == PENDING:
        return Bar(name, SHUTTING, None, None)
    over = None if state.off_at is None else outage.began.epoch + state.off_at.since(outage.began)
    return Bar(name, state.state, outage.began.epoch + state.since.since(outage.began), over)


def marks(outage: Outage, samples: Sequence[Mapping[str, Any]], language: str) -> list[Mark]:
    """Return when the outage began, and when each stage and each hard trigger was first seen to be due."""
    words = MARKS[language]
    found = [Mark(outage.began.epoch, words[outage.cause])]
    for key, word in (("stages", "stage"), ("hard", "hard")):
        seen: set[str] = set()
        for sample in samples:
            new = [name for name in sample.get(key, []) if name not in seen]
            found += [Mark(outage.began.epoch + sample["age"], words[word].format(name=name)) for name in new]
            seen.update(new)
    return found
