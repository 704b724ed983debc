# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending one message over a channel, whatever its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable

from ansible_collections.contingency.infra.plugins.module_utils._notice import smtp, web
from ansible_collections.contingency.infra.plugins.module_utils._notice.channel import Channel
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import Message, Outcome, Reason, Smtp

HIDDEN = "***"
MOST_CHARACTERS = 200
"""Of what a server says."""


def send(channel: Channel, message: Message, recipient: str, epoch: float, secrets: Iterable[str] = ()) -> Outcome:
    """Send it within the channel's time limit; a server that repeats a secret in its answer is not quoted with it."""
    if isinstance(channel, Smtp):
        outcome = smtp.send(channel, message, recipient, epoch)
    else:
        outcome = web.send(channel, message, recipient, epoch)
    return replace(outcome, reason=_without(outcome.reason, tuple(secrets))) if outcome.reason else outcome


def _without(reason: Reason, secrets: Iterable[str]) -> Reason:
    return Reason(reason.key, {name: _hidden(value, secrets) for name, value in reason.fields.items()})


def _hidden(value: Any, secrets: Iterable[str]) -> Any:
    if not isinstance(value, str):
        return value
    for secret in secrets:
        value = value.replace(secret, HIDDEN)
    # Cut off only now: half a secret would not be found.
    return value[:MOST_CHARACTERS]
