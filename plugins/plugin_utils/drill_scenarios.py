# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario files of the collection and of the site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import DrillError, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.scenario import scenario_of
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_procedures import LOADER

SCENARIOS = Path(__file__).resolve().parents[2] / "roles/drill/files/scenarios"


@dataclass(frozen=True)
class File:
    """A scenario, where it is, and the hash of the file."""

    scenario: Scenario
    path: str
    sha256: str


def read_scenario(path: Path) -> File:
    """Return the scenario of a file; AnsibleActionFail names the file and what is wrong in it."""
    try:
        data = path.read_bytes()
        return File(scenario_of(yaml.load(data, LOADER)), str(path), hashlib.sha256(data).hexdigest())
    except OSError as error:
        raise AnsibleActionFail(f"{path} cannot be read: {error.strerror}; correct the path of the scenario.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AnsibleActionFail(f"{path} is not YAML: {error}; correct it.") from None
    except DrillError as error:
        raise AnsibleActionFail(f"{path} is no scenario: {error}") from None


def all_scenarios(own: Iterable[str] = ()) -> dict[str, File]:
    """Return every scenario by its key; one of the site counts before one of the collection with the same key."""
    found = [read_scenario(path) for path in (*sorted(SCENARIOS.glob("*.yml")), *map(Path, own))]
    return {file.scenario.key: file for file in found}


def scenario_named(name: str, own: Iterable[str] = ()) -> File:
    """Return a scenario by its key, or by the path of its file."""
    if name.endswith((".yml", ".yaml")) or "/" in name:
        return read_scenario(Path(name).expanduser())
    known = all_scenarios(own)
    if name not in known:
        raise AnsibleActionFail(
            f"There is no scenario {name!r}; take -e scenario= with one of {', '.join(known)}, or the path of a file."
        )
    return known[name]
