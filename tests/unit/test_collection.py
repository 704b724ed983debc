# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as a whole: what its files promise each other."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.contingency.infra import plugins

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "plugins/modules").glob("[!_]*.py"))
ACTIONS = sorted((ROOT / "plugins/action").glob("[!_]*.py"))


def load(name: str) -> dict[str, object]:
    with open(ROOT / name, encoding="utf-8") as file:
        content = yaml.safe_load(file)
    assert isinstance(content, dict)
    return content


def test_importable_under_its_collection_name() -> None:
    assert [Path(path).resolve() for path in plugins.__path__] == [ROOT / "plugins"]


def test_newest_changelog_release_is_the_version_that_galaxy_shows() -> None:
    releases = load("changelogs/changelog.yaml")["releases"]
    assert isinstance(releases, dict)
    newest = max(releases, key=lambda version: [int(part) for part in version.split(".")])
    assert newest == load("galaxy.yml")["version"]


def test_every_action_plugin_has_a_documented_module() -> None:
    assert {path.stem for path in ACTIONS} <= {path.stem for path in MODULES}


def test_connection_options_can_be_set_once_for_all_switch_modules() -> None:
    groups = load("meta/runtime.yml")["action_groups"]
    assert isinstance(groups, dict)
    assert {path.stem for path in ACTIONS if path.stem.startswith("switch_")} <= set(groups["switch"])


def test_license_is_the_gpl_version_3() -> None:
    heading = (ROOT / "LICENSE").read_text(encoding="utf-8").split()[:8]
    assert " ".join(heading) == "GNU GENERAL PUBLIC LICENSE Version 3, 29 June"
