# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test with all around it: what goes wrong beside it is told and never changes the verdict."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._restore import junit, metrics
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import (
    Content,
    Copy,
    Damaged,
    Finding,
    NotRunnable,
    Order,
)
from ansible_collections.contingency.infra.plugins.module_utils._restore.perform import Places, perform
from ansible_collections.contingency.infra.plugins.module_utils._restore.ping import ping
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_page import rendered
from ansible_collections.contingency.infra.plugins.plugin_utils.restore_report import Report, result_of

from tests.unit.restore.memory import CONTENT, MANIFEST, NOW, ORDER, FakeHost, Shelf, raising

NASTY = Finding("restore", 'table "a&b"', "<1>", "\x00\x1b]0;")
BAD = {"restore": raising(Damaged(NASTY))}
REPOSITORY = "rest:https://backup:geheim@offsite-1/his"
AWAY = {"fetch": raising(NotRunnable("no program"))}


@pytest.fixture
def order(tmp_path: Path) -> Order:
    return replace(ORDER, history_directory=str(tmp_path / "history"), rto=3600.0)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "metrics").mkdir()
    return Places(str(tmp_path / "evidence"), str(tmp_path / "metrics"))


class Switch(http.server.BaseHTTPRequestHandler):
    """A dead man's switch that keeps what it is told."""

    heard: list[tuple[str, str]]
    answers: list[int]

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        self.heard.append((self.path, text))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def switch() -> Iterator[tuple[str, type[Switch]]]:
    kind = type("OneSwitch", (Switch,), {"heard": [], "answers": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ping/uuid", kind
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("shelf", "verdict", "word"),
    [
        (Shelf(), "passed", "0"),
        (Shelf(BAD), "degraded", "0"),
        (Shelf(BAD, BAD), "failed", "2"),
        (Shelf(AWAY, AWAY), "not_run", "1"),
    ],
)
def test_the_switch_hears_of_the_start_and_of_how_it_ended(
    order: Order, switch: tuple[str, type[Switch]], shelf: Shelf, verdict: str, word: str
) -> None:
    url, kind = switch
    result = perform(order, shelf.tools(), Places(ping_url=url))
    assert (result["verdict"], result["problems"]) == (verdict, [])
    assert [path for path, _text in kind.heard] == ["/ping/uuid/start", f"/ping/uuid/{word}"]
    assert kind.heard[1][1].startswith(f"his: {verdict}\ncopy 1: ")


def test_the_switch_is_told_of_sets_verdicts_and_stages_only(order: Order, switch: tuple[str, type[Switch]]) -> None:
    url, kind = switch
    secret = replace(order, copies=(Copy(REPOSITORY), Copy("/backup/b")))
    perform(secret, Shelf(BAD, BAD).tools(), Places(ping_url=url))
    perform(secret, Shelf(BAD, AWAY).tools(), Places(ping_url=url))
    assert [text for _path, text in kind.heard[1::2]] == [
        "his: failed\ncopy 1: not good: restore\ncopy 2: not good: restore",
        "his: failed\ncopy 1: not good: restore\ncopy 2: could not be tested",
    ]


def test_no_password_of_a_repository_is_written_or_told(order: Order, places: Places) -> None:
    told = Finding("fetch", REPOSITORY, "a repository", f"Fatal: {REPOSITORY}: 401")
    shelf = Shelf({"fetch": raising(Damaged(told))}, {"fetch": raising(NotRunnable(f"no {REPOSITORY}"))})
    result = perform(replace(order, copies=(Copy(REPOSITORY), Copy(REPOSITORY))), shelf.tools(), places)
    assert result["copies"][0]["path"] == "rest:https://backup:***@offsite-1/his"
    written = [Path(path).read_text(encoding="utf-8") for path in [*result["files"], *files_of(order)]]
    page = rendered(Report([result_of("his", result, "en")], "en"), NOW)
    assert page.count("backup:***@offsite-1") > 3
    assert [text for text in (json.dumps(result), page, *written) if "geheim" in text] == []


def files_of(order: Order) -> list[str]:
    return [str(path) for path in Path(order.history_directory).iterdir()]


def test_a_file_whose_name_is_no_utf_8_is_kept_and_told(order: Order, places: Places) -> None:
    odd = os.fsdecode(b"a\xff.txt")
    content = Content("sha256", files={odd: "1", "b": "2"}, left_out={os.fsdecode(b"c\xfe"): "changed"})
    manifest = {**MANIFEST, "content": content.as_dict()}
    does = {"content": lambda: content}
    first = perform(order, Shelf(does, manifest=manifest).tools(), places)
    assert (first["verdict"], first["problems"], len(first["files"])) == ("passed", [], 3)
    assert perform(order, Shelf(does, manifest=manifest).tools(), places)["verdict"] == "passed"
    other = {"content": lambda: replace(content, files={odd: "7", "b": "2"})}
    second = perform(order, Shelf(other, other, manifest=manifest).tools(), places)
    assert second["findings"] == ["content: file a\\xff.txt: sha256 7, expected sha256 1"] * 2
    assert second["problems"] == []
    report = Report([result_of("his", second, "en")], "en")
    for text in (*report.shown, report.markdown, rendered(report, NOW), json.dumps(second, ensure_ascii=False)):
        assert text.encode("utf-8") is not None


def test_a_switch_that_refuses_is_tried_twice_and_told_without_its_address(switch: tuple[str, type[Switch]]) -> None:
    url, kind = switch
    kind.answers.extend([500, 200, 404, 404])
    assert ping(url, "0") is None
    trouble = ping(url, "2")
    assert (
        trouble == "the dead man's switch was not told of 2 (status 404); see whether ping_url can be reached from here"
    )
    assert len(kind.heard) == 4


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/secret", "ftp://h/secret", "secret", "http://[", "https://127.0.0.1:1/secret"]
)
def test_a_switch_that_is_not_there_changes_no_verdict(order: Order, url: str) -> None:
    result = perform(order, Shelf().tools(), Places(ping_url=url))
    assert result["verdict"] == "passed"
    assert len(result["problems"]) == 2
    assert "secret" not in json.dumps(result)


def test_evidence_and_metrics_are_written_and_success_moves_on_success_only(order: Order, places: Places) -> None:
    good = perform(order, Shelf().tools(), places)
    assert [Path(path).suffix for path in good["files"]] == [".prom", ".json", ".xml"]
    evidence = json.loads(Path(good["files"][1]).read_text(encoding="utf-8"))
    assert evidence["copies"][0]["content"]["tables"] == CONTENT.tables
    first = values(good["files"][0])
    assert first["success", ""] == 1
    assert first["last_success_timestamp_seconds", ""] == NOW
    later = Shelf(BAD, BAD)
    later.host.clock += 86400
    second = values(perform(order, later.tools(), places)["files"][0])
    assert second["success", ""] == 0
    assert second["last_success_timestamp_seconds", ""] == NOW
    assert second["last_run_timestamp_seconds", ""] > NOW + 86400
    assert second["verdict", "failed"] == 1
    assert second["copy_used", ""] == 0
    assert ("rpo_seconds", "") not in second


def values(path: str) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            head, value = line.rsplit(" ", 1)
            name, labels = head.rstrip("}").split("{")
            assert 'set="his"' in labels
            more = labels.split(",")[1:]
            key = name.removeprefix(f"{metrics.PREFIX}_"), more[0].split('"')[1] if more else ""
            assert key not in found
            found[key] = float(value)
    return found


def test_what_cannot_be_written_is_told_and_the_verdict_stays(order: Order, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    blocked = str(tmp_path / "file" / "below")
    result = perform(
        replace(order, history_directory=blocked), Shelf().tools(), Places(blocked, str(tmp_path / "missing"))
    )
    assert result["verdict"] == "not_run"
    assert "cannot be read" in result["not_run"]
    shelf = Shelf()
    result = perform(order, shelf.tools(), Places(blocked, str(tmp_path / "missing")))
    assert result["verdict"] == "passed"
    assert [problem.split(" in ")[0] for problem in result["problems"]] == ["the metrics", "the evidence"]


class Refusing(FakeHost):
    """Nothing can be written as text here."""

    def write_atomically(self, path: str, text: str, mode: int = 0o600, owner: str | None = None) -> None:
        raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")


def test_a_text_that_no_file_can_hold_is_told_and_the_verdict_stays(order: Order, places: Places) -> None:
    shelf = Shelf()
    shelf.host = Refusing()
    result = perform(order, shelf.tools(), places)
    assert result["verdict"] == "passed"
    assert [problem.split(" in ")[0] for problem in result["problems"]] == [
        "the history",
        "the metrics",
        "the evidence",
    ]


def test_a_second_test_is_compared_with_the_first_and_may_be_let_off_once(order: Order) -> None:
    perform(order, Shelf().tools(), Places())
    less = replace(CONTENT, tables={"public.patient": {"rows": 1000, "hash": "77"}})
    manifest = {**Shelf().papers[0], "content": less.as_dict()}  # type: ignore[dict-item]
    smaller = {"content": lambda: less}
    failed = perform(order, Shelf(smaller, smaller, manifest=manifest).tools(), Places())
    assert failed["verdict"] == "failed"
    assert failed["findings"][0].startswith(
        "drift: table public.visit: not there, expected 5000 rows as in the last good"
    )
    assert perform(order, Shelf(smaller, manifest=manifest).tools(), Places(), accept_drift=True)["verdict"] == "passed"
    assert perform(order, Shelf(smaller, manifest=manifest).tools(), Places())["verdict"] == "passed"


def test_junit_tells_findings_as_failures_and_what_was_not_run_as_skipped(order: Order) -> None:
    result = perform(order, Shelf(BAD, AWAY).tools(), Places())
    [suite] = ElementTree.fromstring(junit.rendered([result]))
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "skipped", "errors")} == {
        "name": "his",
        "tests": "22",
        "failures": "1",
        "skipped": "16",
        "errors": "0",
    }
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == 'table "a&b": ??]0;, expected <1>'
    nothing = junit.rendered([{"name": "mail", "copies": [], "not_run": "its host is away"}])
    assert 'skipped="1"' in nothing
    assert "its host is away" in nothing
