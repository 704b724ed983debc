# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of a repository only that goes which a manifest named that went, whoever else keeps backups there."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Answer
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.borg import BorgTaker
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.place import stamp_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.restic import ResticTaker
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import Outcome, transact
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.taker import SecondCopy, TakeOrder

from tests.unit.take.conftest import BEGAN, DAY, Clock

ENGINES = ["restic", "borg"]
FIRST, SECOND = "/repo/first", "/repo/second"
Stored = dict[str, dict[str, str]]
"""{name: {host, and of a copy its original}}"""


class Store(Clock):
    """A machine whose restic and borg keep their repositories in memory; all hosts of the site share them."""

    def __init__(self, name: str, repositories: dict[str, Stored]) -> None:
        super().__init__()
        self.name = name
        self.repositories = repositories

    def run(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        timeout: float = 30.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        words = list(command[1:])
        if command[0] == "restic":
            return Answer(0, self.restic((environment or {}).get("RESTIC_REPOSITORY", ""), words), "")
        if command[0] == "borg":
            return Answer(0, self.borg(words), "")
        return super().run(command, user=user, timeout=timeout, stdin=stdin, environment=environment)

    def restic(self, place: str, words: list[str]) -> str:
        kept = self.repositories.setdefault(place, {})
        if words[0] == "backup":
            name = hashlib.sha256(f"{self.name}{self.time}".encode()).hexdigest()
            kept[name] = {"host": self.name}
            return json.dumps({"message_type": "summary", "snapshot_id": name})
        if words[0] == "copy":
            other = hashlib.sha256(words[-1].encode()).hexdigest()
            kept[other] = {**self.repositories[FIRST][words[-1]], "original": words[-1]}
        if words[0] == "forget":
            for name in words[2:]:
                del kept[name]
        if words[0] == "snapshots":
            at = "2026-11-22T02:00:00Z"
            rows = [
                {"id": name, "time": at, "paths": [], "hostname": of.pop("host"), **of} for name, of in copied(kept)
            ]
            return json.dumps(rows)
        return json.dumps({"id": "r"})

    def borg(self, words: list[str]) -> str:
        if words[0] == "create":
            place, _colons, name = next(word for word in words if "::" in word).partition("::")
            self.repositories.setdefault(place, {})[name] = {"host": self.name}
        if words[0] == "delete":
            for gone in words[2:]:
                del self.repositories[words[1]][gone]
        if words[0] == "list":
            kept = self.repositories.setdefault(words[-1], {})
            at = "2026-11-22T02:00:00"
            rows = [{"name": name, "id": "1", "start": at, "hostname": short(of)} for name, of in kept.items()]
            return json.dumps({"archives": [row for row in rows if row["name"].startswith("contingency-images-")]})
        return json.dumps({"repository": {"id": "r"}})


def short(of: dict[str, str]) -> str:
    """Borg keeps no domain."""
    return of["host"].partition(".")[0]


def copied(kept: Stored) -> list[tuple[str, dict[str, str]]]:
    return [(name, dict(of)) for name, of in kept.items()]


class Site:
    """Hosts that back up to the same repositories, each with its own directories of manifests."""

    def __init__(self, engine: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.root = root
        self.repositories: dict[str, Stored] = {}
        self.monkeypatch = monkeypatch
        (root / "files").mkdir()
        (root / "files/scan").write_bytes(b"scan")
        self.time = BEGAN

    def places(self, host: str) -> tuple[Path, Path]:
        made = self.root / host / "local", self.root / host / "offsite"
        for path in made:
            path.mkdir(parents=True, exist_ok=True)
        return made

    def order(self, host: str, keep: int, second: bool = False) -> TakeOrder:
        local, offsite = self.places(host)
        options = {"paths": [str(self.root / "files")], "repository": FIRST}
        copies = (SecondCopy(str(offsite), SECOND if second else None),)
        return TakeOrder("images", self.engine, str(local), copies, keep, reserve_bytes=0, options=options)

    def take(self, host: str, keep: int, second: bool = False) -> Outcome:
        self.monkeypatch.setattr(socket, "gethostname", lambda: host)
        store = Store(host, self.repositories)
        store.time = self.time
        self.time += DAY
        outcome = transact(store, self.order(host, keep, second))
        assert outcome.msg is None, outcome.msg
        return outcome

    def of(self, host: str, place: str = FIRST) -> int:
        return sum(stored["host"] == host for stored in self.repositories.get(place, {}).values())


@pytest.fixture(params=ENGINES)
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(request.param, tmp_path, monkeypatch)


def test_hosts_that_share_a_repository_never_remove_each_others_backups(site: Site) -> None:
    for _day in range(3):
        for host in ("pacs-a", "pacs-b"):
            assert site.take(host, keep=2).unnamed == []
    assert (site.of("pacs-a"), site.of("pacs-b")) == (2, 2)


def test_what_goes_goes_from_the_second_repository_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site("restic", tmp_path, monkeypatch)
    for _day in range(4):
        outcome = site.take("pacs-a", keep=2, second=True)
    assert (site.of("pacs-a"), site.of("pacs-a", SECOND)) == (2, 2)
    assert len([gone for gone in outcome.removed if gone.endswith((FIRST, SECOND))]) == 2


def test_where_all_manifests_are_lost_the_backups_stay_and_are_told(site: Site) -> None:
    for _day in range(3):
        site.take("pacs-a", keep=3)
    for place in site.places("pacs-a"):
        shutil.rmtree(place)
    outcome = site.take("pacs-a", keep=3)
    assert site.of("pacs-a") == 4
    assert len(outcome.unnamed) == 3
    assert outcome.to_dict()["unnamed"] == outcome.unnamed
    assert [warning for warning in outcome.warnings if "No manifest names" in warning and "nothing of it" in warning]


def test_what_another_host_made_stays_though_its_manifest_lay_in_a_shared_place(site: Site) -> None:
    site.monkeypatch.setattr(site, "places", lambda host: shared(site.root))
    site.take("pacs-a.site", keep=1)
    outcome = site.take("pacs-b.site", keep=1)
    assert sum(map(len, site.repositories.values())) == 2
    assert len(outcome.unnamed) == 1
    site.take("pacs-b.site", keep=1)
    assert sum(map(len, site.repositories.values())) == 2


def shared(root: Path) -> tuple[Path, Path]:
    for name in ("local", "offsite"):
        (root / name).mkdir(exist_ok=True)
    return root / "local", root / "offsite"


def test_where_the_first_disk_is_new_the_other_place_still_names_them(site: Site) -> None:
    for _day in range(3):
        site.take("pacs-a", keep=3)
    shutil.rmtree(site.places("pacs-a")[0])
    assert site.take("pacs-a", keep=3).unnamed == []
    assert site.of("pacs-a") == 3


def test_a_manifest_that_is_damaged_does_not_take_its_backup_with_it(site: Site) -> None:
    first = site.take("pacs-a", keep=2).path
    for place in site.places("pacs-a"):
        manifest = place / "images" / Path(str(first)).name / "manifest.json"
        manifest.write_bytes(manifest.read_bytes().replace(b'"engine"', b'"fngine"'))
    for _day in range(3):
        outcome = site.take("pacs-a", keep=2)
    assert site.of("pacs-a") == 3
    assert len(outcome.unnamed) == 1


def test_all_are_kept_where_none_shall_go(site: Site) -> None:
    for _day in range(3):
        site.take("pacs-a", keep=0)
    assert site.of("pacs-a") == 3


def test_a_name_of_earlier_versions_is_known_and_another_sets_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site("borg", tmp_path, monkeypatch)
    stamp = stamp_of(BEGAN - DAY)
    names = {
        f"contingency-images-{stamp}": "pacs-a",
        f"contingency-images-old-{stamp}": "pacs-a",
        f"contingency-images-{stamp_of(BEGAN - 2 * DAY)}": "pacs-b",
        "contingency-images-by-hand": "pacs-a",
    }
    site.repositories[FIRST] = {name: {"host": host} for name, host in names.items()}
    outcome = site.take("pacs-a", keep=1)
    assert outcome.unnamed == [f"archive contingency-images-{stamp} of {FIRST}"]
    assert len(site.repositories[FIRST]) == 5


def test_a_name_of_the_host_cannot_lead_borg_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a/{user}")
    order = TakeOrder("images", "borg", "/backup", options={"paths": ["/srv"], "repository": FIRST})
    assert BorgTaker(order, Clock()).prefix == "contingency-images-a__user_-"


def test_of_two_that_a_short_name_may_mean_none_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site("restic", tmp_path, monkeypatch)
    monkeypatch.setattr(socket, "gethostname", lambda: "pacs-a")
    first = "1f6a2c3b" + "0" * 56
    site.repositories[FIRST] = {name: {"host": "pacs-a"} for name in (first, first[:-1] + "1")}
    store = Store("pacs-a", site.repositories)
    taker = ResticTaker(site.order("pacs-a", keep=1), store)
    assert taker.prune([{"position": {"snapshot": first[:8]}}], []).removed == ()
    assert taker.prune([{"position": {"snapshot": first}}], []).removed == (f"snapshot {first[:8]} of {FIRST}",)
