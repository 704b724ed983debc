# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done: each run with its steps, and on which host what was changed or failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.contingency.infra.plugins.plugin_utils.document import (
    Badge,
    Block,
    Drawn,
    Facts,
    Inline,
    Lines,
    Muted,
    Section,
    Table,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.page import BAD, GOOD, PLAIN, UNKNOWN, WARN
from ansible_collections.contingency.infra.plugins.plugin_utils.page_style import GREEN, GREY, INK, RED
from ansible_collections.contingency.infra.plugins.plugin_utils.report_objectives import (
    MET,
    MISSED,
    Objective,
    figures_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_run import (
    CHANGED,
    FAILED,
    IGNORED,
    OK,
    RESCUED,
    SKIPPED,
    UNREACHABLE,
    Action,
    Line,
    Run,
    host_of,
    number,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.report_subject import Subject
from ansible_collections.contingency.infra.plugins.plugin_utils.svg import drawing, line, rectangle

MOST_ACTIONS, MOST_HOSTS, LONGEST = 8, 60, 300
"""Tasks told of each host, hosts of each run, and characters of a message; the journal has the rest."""
KINDS = {OK: GOOD, CHANGED: GOOD, FAILED: BAD, UNREACHABLE: BAD, IGNORED: WARN, RESCUED: WARN, SKIPPED: PLAIN}
ORDER = (UNREACHABLE, FAILED, RESCUED, IGNORED, CHANGED, OK, SKIPPED)
"""Of results: the worst first."""
VERDICTS = {MET: GOOD, MISSED: BAD}


def section_of(subject: Subject) -> Section:
    """Return a section for each run; those that only looked share one."""
    looked = [run for run in subject.runs if run.only_looked]
    if len(looked) < 2:
        looked = []
    told = [(place, run) for place, run in enumerate(subject.runs, 1) if not (looked and run.only_looked)]
    runs = [_run(subject, place, run) for place, run in told] + ([_looked(subject, looked)] if looked else [])
    return Section("work", subject.voice.say("work"), tuple(runs))


def _looked(subject: Subject, runs: Sequence[Run]) -> Section:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("time", "step", "record"))
    rows = tuple((voice.clock(run.begun_epoch, subject.day), _said(subject, run), run.name) for run in runs)
    table = Table(voice.say("runs_looked"), heads, rows, ("short", "", "short"))
    return Section("runs-looked", voice.say("runs_looked_title"), (table,))


def _said(subject: Subject, run: Run) -> Lines:
    """Return what a run said of the whole, else what it said of its last host."""
    whole = [step for step in run.steps if not host_of(step)] or list(run.steps[-1:])
    said = [_cut(next(_sentences(subject, step))) for step in whole[-1:]]
    return Lines((subject.procedure(run.playbook), *said))


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}"


def _run(subject: Subject, place: int, run: Run) -> Section:
    at, name = subject.voice.moment(run.begun_epoch), subject.procedure(run.playbook)
    title = subject.voice.say("run_title", at=at, playbook=name)
    return Section(f"run-{place}", title, (_facts(subject, run), _steps(subject, run), *_hosts(subject, run)))


def _facts(subject: Subject, run: Run) -> Facts:
    voice = subject.voice
    return Facts(
        (
            (voice.say("outcome"), outcome(subject, run)),
            (voice.say("playbook"), run.playbook),
            (voice.say("took"), voice.duration(run.seconds)),
            (voice.say("at_keyboard"), _person(run)),
            (voice.say("confirmed_as"), str(run.begun.get("confirm") or "")),
            (voice.say("versions"), _versions(run)),
            (voice.say("record"), run.name),
        )
    )


def outcome(subject: Subject, run: Run) -> Badge:
    """Return what became of a run; a journal without an end is of one that was broken off, or still goes on."""
    voice = subject.voice
    if run.status is None:
        return Badge(UNKNOWN, voice.say("status_none"))
    if run.status == OK and not run.check and run.in_part:
        return Badge(WARN, voice.say("status_in_part"))
    key = f"{run.status}_check" if run.check else run.status
    good = PLAIN if run.check else GOOD
    return Badge(good if run.status == OK else BAD, voice.known("status", key))


def _person(run: Run) -> str:
    person = run.begun.get("person")
    person = person if isinstance(person, Mapping) else {}
    more = [f"sudo: {person['sudo_user']}"] if person.get("sudo_user") else []
    more += [f"ssh: {str(person['ssh_client']).split(' ', maxsplit=1)[0]}"] if person.get("ssh_client") else []
    return f"{run.person}{f' ({chr(44).join(more)})' if more else ''}"


def _versions(run: Run) -> str:
    versions = run.begun.get("versions")
    there = versions.items() if isinstance(versions, Mapping) else ()
    return ", ".join(f"{name} {value}" for name, value in there if isinstance(value, str))


# -- steps -----------------------------------------------------------------------------------------


def _steps(subject: Subject, run: Run) -> Table:
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("time", "phase", "step", "outcome"))
    rows = tuple(_step(subject, run, step) for step in run.steps)
    return Table(voice.say("steps"), heads, rows, ("short", "short", "", "short"))


def _step(subject: Subject, run: Run, step: Line) -> tuple[Inline, ...]:
    voice = subject.voice
    epoch = number(step.get("ended_epoch")) or number(step.get("epoch")) or run.begun_epoch
    good = bool(step.get("ok", True))
    word = "step_planned" if run.check else "step_ok" if good else "step_not_ok"
    return (
        voice.clock(epoch, subject.day),
        voice.known("phase", str(step.get("phase", ""))),
        Lines(tuple(_sentences(subject, step))),
        Badge((PLAIN if run.check else GOOD) if good else BAD, voice.say(word)),
    )


def _sentences(subject: Subject, step: Line) -> Iterator[str]:
    voice = subject.voice
    host = f"{host_of(step)}: " if host_of(step) else ""
    yield f"{host}{voice.text(step.get('text', ''))}"
    figures = figures_of(step)
    if figures:
        yield voice.say("between").join(f"{voice.figure_name(k)} {voice.figure(k, v)}" for k, v in figures.items())
    for key in ("proven", "unproven"):
        if step.get(key):
            yield voice.say(key, what=voice.text(step[key]))
    if step.get("next_action"):
        yield voice.say("next_action", what=voice.text(step["next_action"]))


# -- hosts -----------------------------------------------------------------------------------------


def _hosts(subject: Subject, run: Run) -> Iterator[Block]:
    voice = subject.voice
    by_host: dict[str, list[Action]] = {host: [] for host in run.counts}
    for action in run.actions:
        by_host.setdefault(action.host, []).append(action)
    names = sorted(by_host, key=lambda host: (_rank(run.counts.get(host, {})), host))
    rows = [_host(subject, run, host, by_host[host]) for host in names[:MOST_HOSTS]]
    if len(names) > MOST_HOSTS:
        rows.append((voice.say("and_more", count=len(names) - MOST_HOSTS), "", ""))
    heads = (voice.say("head_host"), voice.say("head_done"), voice.say("head_results"))
    yield Table(voice.say("hosts"), heads, tuple(rows), ("short", "", ""))


def _rank(counts: Mapping[str, int]) -> int:
    return min((ORDER.index(status) for status in counts if status in ORDER), default=len(ORDER))


def _host(subject: Subject, run: Run, host: str, actions: Sequence[Action]) -> tuple[Inline, ...]:
    voice, counts, check = subject.voice, run.counts.get(host, {}), run.check
    worst_first = sorted(actions, key=lambda each: (each.status in (CHANGED, SKIPPED), each.epoch))
    lines: list[Inline] = [_action(subject, each, check) for each in worst_first[:MOST_ACTIONS]]
    if len(actions) > MOST_ACTIONS:
        lines.append(voice.say("more_in_journal", count=len(actions) - MOST_ACTIONS))
    there = [voice.say("count_of", status=_became(subject, s, check), count=counts[s]) for s in ORDER if counts.get(s)]
    return host, Lines(tuple(lines)) if lines else voice.say("only_looked"), voice.say("comma").join(there)


def _became(subject: Subject, status: str, check: bool) -> str:
    """Return the word for a result; in check mode nothing was changed."""
    return subject.voice.known("result", "would" if check and status == CHANGED else status)


def _action(subject: Subject, action: Action, check: bool) -> str:
    voice = subject.voice
    became = _became(subject, action.status, check)
    took = "" if action.seconds is None or action.seconds < 1 else f" ({voice.duration(action.seconds)})"
    said = f"{voice.clock(action.epoch, subject.day)} {voice.task(action.task)}: {became}{took}"
    if action.status == CHANGED or not action.message:
        return said
    message = " ".join(action.message.split())
    return f"{said}{voice.say('stop')}{_cut(message)}"


# -- objectives ------------------------------------------------------------------------------------


def objectives_of(subject: Subject) -> Section:
    """Return what was promised beside what was achieved."""
    voice = subject.voice
    heads = tuple(voice.say(f"head_{name}") for name in ("objective", "limit", "achieved", "compared", "verdict"))
    rows = tuple(_objective(subject, place, each) for place, each in enumerate(subject.objectives))
    table = Table(voice.say("objectives_caption"), heads, rows, ("", "short", "short", "", "short"))
    return Section("objectives", voice.say("objectives"), (table,))


def _objective(subject: Subject, place: int, objective: Objective) -> tuple[Inline, ...]:
    voice = subject.voice
    name = f"{objective.name}_seconds" if objective.name in ("rto", "rpo") else objective.name
    limit = voice.figure(name, objective.limit)
    since = voice.say("since_run") if objective.of_run else ""
    where = voice.comma(subject.procedure(objective.procedure), objective.host, since)
    return (
        Lines((voice.figure_name(objective.name), Muted(where))),
        voice.say("at_least" if objective.at_least else "at_most", limit=limit),
        voice.figure(name, objective.achieved),
        _gauge(subject, place, objective),
        Badge(VERDICTS.get(objective.verdict, UNKNOWN), voice.say(f"objective_{objective.verdict}")),
    )


def _gauge(subject: Subject, place: int, objective: Objective) -> Inline:
    """Return a bar as long as what was achieved, with a stroke where the limit is."""
    if objective.achieved is None:
        return ""
    largest = 1.12 * max(objective.achieved, objective.limit, 1e-9)
    said = subject.voice.say("share_of_limit", percent=round(100 * objective.achieved / (objective.limit or 1e-9)))
    colour = {MET: GREEN, MISSED: RED}.get(objective.verdict, GREY)
    mark = 140 * objective.limit / largest
    parts = (
        rectangle(0, 4, 140, 8, "#e8ecf1"),
        rectangle(0, 4, max(1.0, 140 * objective.achieved / largest), 8, colour),
        line(mark, 0, mark, 16, INK, thick=2),
    )
    return Drawn(drawing(f"gauge-{place}", said, said, 16, *parts, width=140), said)
