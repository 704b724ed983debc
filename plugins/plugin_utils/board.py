# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The notice board: one page for windows and screens, in both languages side by side, that loads itself anew.

A screen that shows an old page shows good news that may be none: the page compares its age with the clock of the screen
and says so. It holds nothing that is not for everybody who walks past: no names, no addresses, no grades.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident.clocks import clock, moment
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._record.steps import Text, in_language
from ansible_collections.contingency.infra.plugins.plugin_utils.board_words import BOARD
from ansible_collections.contingency.infra.plugins.plugin_utils.page import LANGUAGES, element, joined
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import AMBER, GREEN, INK, MUTED, RED
from markupsafe import Markup

REFRESH_SECONDS = 30
STALE_SECONDS = 300
KEYS = ("path", "refresh", "call")
STYLE = f"""
* {{ box-sizing: border-box; margin: 0; }}
body {{ font: clamp(14px, 1.75vw, 34px)/1.4 "Noto Sans", "Segoe UI", "Noto Sans CJK SC", "Source Han Sans SC",
  "Microsoft YaHei", "PingFang SC", sans-serif; color: {INK}; background: #fff; padding: 1.2vw 1.6vw; }}
header {{ display: flex; justify-content: space-between; align-items: baseline; gap: 1em; flex-wrap: wrap;
  border-bottom: 3px solid {INK}; padding-bottom: .3em; margin-bottom: .8em; }}
h1 {{ font-size: 1.35em; }} .age {{ color: {MUTED}; font-variant-numeric: tabular-nums; }}
article {{ border-top: .5em solid {RED}; background: #f7f8fa; padding: .6em .9em; margin-bottom: 1em; }}
article.back {{ border-color: {GREEN}; }} article.fine {{ border-color: {GREEN}; }}
h2 {{ font-size: 1.5em; line-height: 1.25; margin-bottom: .3em; overflow-wrap: anywhere; }}
.sides {{ display: grid; grid-template-columns: 1fr 1fr; gap: 0 2em; }}
.sides > div + div {{ border-left: 1px solid #c9d1da; padding-left: 2em; }}
h3 {{ font-size: 1.15em; }} dl {{ display: grid; grid-template-columns: minmax(6em, max-content) 1fr; gap: .1em 1em; }}
dt {{ color: {MUTED}; }} dd {{ overflow-wrap: anywhere; }}
.manual {{ background: {AMBER}; color: #fff; padding: .3em .6em; margin: .4em 0; font-weight: 700; }}
.normal {{ background: {GREEN}; color: #fff; padding: .3em .6em; margin: .4em 0; font-weight: 700; }}
.drill, #stale {{ background: {AMBER}; color: #fff; font-weight: 700; text-align: center; padding: .3em; }}
#stale {{ background: {RED}; margin-bottom: .8em; }} .rule {{ color: {MUTED}; }}
@media (max-width: 40em) {{ .sides {{ grid-template-columns: 1fr; }}
  .sides > div + div {{ border: 0; padding: 1em 0 0; }} }}
"""
# The page's only script: it compares the page's age with the screen's clock.
SCRIPT = """
(function () {
  var board = document.body, stale = document.getElementById("stale");
  function look() {
    var seconds = Date.now() / 1000 - Number(board.dataset.epoch);
    stale.hidden = seconds < Number(board.dataset.stale);
    stale.querySelectorAll("b").forEach(function (each) { each.textContent = Math.floor(seconds / 60); });
  }
  look();
  setInterval(look, 5000);
})();
"""


@dataclass(frozen=True)
class Board:
    """The page for the incidents that are not closed, at the epoch ``now``; ``first``: the language on the left.

    ``unread``: there are records that cannot be read, so nobody knows what else is down.
    """

    policy: Policy
    incidents: Sequence[Incident]
    first: str
    now: float
    unread: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        return (self.first, *(language for language in BOARD if language != self.first))

    def content(self) -> Markup:
        """Return what changes only when something changed."""
        articles = [self._incident(each) for each in self.incidents]
        if self.unread:
            articles.append(self._plain("not_known", "down"))
        return joined(articles or [self._plain("fine", "fine")], "\n")

    def page(self) -> str:
        """Return the whole file."""
        settings = self.policy.notice_board
        refresh = int(settings.get("refresh", REFRESH_SECONDS))
        title = " ".join(self._words(language, "title") for language in self.languages)
        policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_digest(SCRIPT)}'"
        head = joined(
            (
                Markup('<meta charset="utf-8">'),
                Markup('<meta http-equiv="Content-Security-Policy" content="{}">').format(policy),
                Markup('<meta http-equiv="refresh" content="{}">').format(refresh),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                element("title", title),
                element("style", Markup(STYLE)),
            )
        )
        body = joined(
            (self._header(), self._stale(), element("main", self.content()), element("script", Markup(SCRIPT)))
        )
        stale = max(STALE_SECONDS, 4 * refresh)
        return (
            f'<!DOCTYPE html>\n<html lang="{LANGUAGES[self.first]}">\n<head>{head}</head>\n'
            f'<body data-epoch="{int(self.now)}" data-stale="{stale}">\n{body}\n</body>\n</html>\n'
        )

    def _header(self) -> Markup:
        names = [in_language(self.policy.organisation, language) for language in self.languages]
        titles = [
            element("span", f"{name} {self._words(language, 'title')}", lang=LANGUAGES[language])
            for name, language in zip(names, self.languages)
        ]
        as_of = " / ".join(self._words(language, "as_of") for language in self.languages)
        age = element("p", f"{as_of} {moment(self.now, self.policy.calendar)[:16]}", class_="age")
        return element("header", element("h1", joined(titles, " · ")), age)

    def _stale(self) -> Markup:
        told = [
            element(
                "p", *_around(self._words(language, "stale"), "{minutes}", element("b", "")), lang=LANGUAGES[language]
            )
            for language in self.languages
        ]
        return element("div", *told, id="stale", role="alert", hidden="hidden")

    def _plain(self, words: str, kind: str) -> Markup:
        sides = [
            self._side(
                language,
                element("h2", self._words(language, words)),
                element("p", self._words(language, f"{words}_more")),
            )
            for language in self.languages
        ]
        return element("article", element("div", *sides, class_="sides"), *self._calls(), class_=kind)

    def _incident(self, incident: Incident) -> Markup:
        back = incident.recovered_epoch is not None
        drill = " / ".join(self._words(language, "drill") for language in self.languages)
        mark = [element("p", drill, class_="drill")] if incident.drill else []
        sides = [self._side(language, *self._told(language, incident)) for language in self.languages]
        return element(
            "article",
            *mark,
            element("h2", incident.title),
            element("div", *sides, class_="sides"),
            *self._calls(),
            class_="back" if back else "down",
        )

    def _told(self, language: str, incident: Incident) -> Iterator[Markup]:
        back = incident.recovered_epoch is not None
        yield element("h3", self._words(language, "back" if back else "down"))
        rows = [(name, value) for name, value in self._facts(language, incident) if value]
        yield element(
            "dl", *(joined((element("dt", self._words(language, name)), element("dd", value))) for name, value in rows)
        )
        yield from self._manual(language, incident)

    def _facts(self, language: str, incident: Incident) -> Iterator[tuple[str, str]]:
        details = incident.details
        kind = self.policy.classes.get(str(details.get("incident_class")))
        yield "kind", in_language(kind.title, language) if kind else ""
        yield "place", str(details.get("place") or "")
        yield "effect", str(details.get("effect") or "")
        yield "since", self._at(incident.began_epoch)
        if incident.recovered_epoch is not None:
            yield "recovered", self._at(incident.recovered_epoch)
        else:
            yield "expected", self._expected(language, incident)

    def _expected(self, language: str, incident: Incident) -> str:
        expected = incident.details.get("expected_outage_seconds")
        if expected is None:
            return self._words(language, "expected_unknown")
        end = incident.began_epoch + float(expected)
        return self._at(end) if end > self.now else self._words(language, "overdue").format(at=self._at(end))

    def _manual(self, language: str, incident: Incident) -> Iterator[Markup]:
        going_on = [key for key, state in incident.manual_work.items() if state.going_on]
        ended = [key for key, state in incident.manual_work.items() if not state.going_on]
        names = self._departments(language, going_on) or self._words(language, "none")
        if going_on or incident.recovered_epoch is None:
            kind = "manual" if going_on else None
            yield element("p", f"{self._words(language, 'manual')}: {names}", class_=kind)
        if ended:
            told = f"{self._words(language, 'manual_end')}: {self._departments(language, ended)}"
            yield element("p", told, class_="normal")
        yield element("p", self._words(language, "rule"), class_="rule")

    def _departments(self, language: str, keys: Sequence[str]) -> str:
        names: list[Text] = [
            self.policy.departments[key].name if key in self.policy.departments else key for key in keys
        ]
        return ("、" if language == "zh" else ", ").join(in_language(name, language) for name in names)

    def _calls(self) -> list[Markup]:
        """The telephone of the service desk; of a person only where the plan says so."""
        told = str(self.policy.notice_board.get("call") or "")
        label = " / ".join(self._words(language, "call") for language in self.languages)
        return [element("p", f"{label}: {told}")] if told else []

    def _side(self, language: str, *content: object) -> Markup:
        return element("div", *content, lang=LANGUAGES[language])

    def _words(self, language: str, key: str) -> str:
        return BOARD[language][key]

    def _at(self, epoch: float) -> str:
        return clock(epoch, self.now, self.policy.calendar)


def board_limitation(settings: Mapping[str, Any]) -> str | None:
    """Return why the board cannot be written as the plan says it, or None."""
    unknown = sorted(set(settings) - set(KEYS))
    if unknown:
        return f"contingency_plan.notice_board has {', '.join(unknown)}; it takes {', '.join(KEYS)}"
    if settings and not str(settings.get("path", "")).startswith("/"):
        return f"contingency_plan.notice_board.path is {settings.get('path')!r}; write it as /srv/www/it.html"
    refresh = str(settings.get("refresh", REFRESH_SECONDS))
    if not refresh.isdigit() or int(refresh) < 5:
        return f"contingency_plan.notice_board.refresh is {settings['refresh']!r}; write seconds from 5 on"
    return None


def _around(text: str, mark: str, part: Markup) -> tuple[object, ...]:
    before, _mark, after = text.partition(mark)
    return before, part, after


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
