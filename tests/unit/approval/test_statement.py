# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is signed: it can be read back whole, and what is something else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval.said import Refused
from ansible_collections.contingency.infra.plugins.module_utils._approval.statement import (
    Statement,
    principal_limitation,
    statement_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._approval.times import (
    epoch_of,
    minute_of_day,
    seconds_of,
    written,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.approval.samples import statement

MOMENTS = st.integers(min_value=0, max_value=4_000_000_000).map(float)
TEXT = st.text(max_size=20)


@given(
    st.builds(
        Statement,
        plan=st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
        procedure=st.text(min_size=1, max_size=9),
        target=st.text(min_size=1, max_size=9),
        approver=st.sampled_from(["li", "li@hospital", "李@医院", "a.b+c-d_e"]),
        approved_at=MOMENTS,
        valid_from=MOMENTS,
        valid_until=MOMENTS,
        incident=TEXT,
        comment=TEXT,
    )
)
def test_what_was_written_is_read_back(given_one: Statement) -> None:
    assert statement_of(given_one.text, "f") == given_one


@given(st.text(max_size=60))
def test_any_other_text_is_refused_with_its_path(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        statement_of(text, "/approvals/x.json")
    assert refusal.value.said.values["path"] == "/approvals/x.json"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "contingency-approval/2"},
        {"plan": "abc"},
        {"plan": "A" * 64},
        {"approver": ""},
        {"approver": "li wang"},
        {"approver": "-oProxyCommand=x"},
        {"valid_until": 17},
        {"valid_until": "tomorrow"},
        {"approved_at": None},
        {"target": ""},
    ],
)
def test_a_field_that_cannot_be_is_refused(change: Any) -> None:
    fields = {**json.loads(statement().text), **change}
    with pytest.raises(Refused):
        statement_of(json.dumps(fields), "f")


@pytest.mark.parametrize("name", ["li", "li@hospital", "李@医院", "0x"])
def test_names_of_persons(name: str) -> None:
    assert principal_limitation(name) is None


@pytest.mark.parametrize("name", ["", "-f", "li wang", "li,wang", "*@hospital", "!li", 'li"', "li\n"])
def test_patterns_and_options_are_no_names(name: str) -> None:
    assert principal_limitation(name) is not None


@given(MOMENTS)
def test_moments_are_read_back(epoch: float) -> None:
    assert epoch_of(written(epoch), "p") == epoch


def test_a_date_can_mean_its_end() -> None:
    assert epoch_of("2026-11-22", "p", end_of_day=True) == epoch_of("2026-11-23", "p")
    assert epoch_of("2026-11-22T10:00:00+08:00", "p", end_of_day=True) == epoch_of("2026-11-22T02:00:00Z", "p")


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("2h", 7200), ("1d", 86400), ("1.5h", 5400)])
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text, "valid_for") == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2w", "2h30m", None, "٢h x"])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(Refused):
        seconds_of(text, "valid_for")


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("22:30", 1350), ("24:00", 1440), ("6:05", 365)])
def test_minutes_of_a_day(text: str, minute: int) -> None:
    assert minute_of_day(text) == minute


@pytest.mark.parametrize("text", ["24:01", "12:60", "12", "12:5", "-1:00", "a:bc"])
def test_what_is_no_time_of_a_day(text: str) -> None:
    assert minute_of_day(text) is None
