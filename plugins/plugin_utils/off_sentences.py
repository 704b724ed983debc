# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shutdown says: the plan, the refusals, the end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.contingency.infra.plugins.module_utils._power.model import PowerState
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.kinds import Kind, Service
from ansible_collections.contingency.infra.plugins.plugin_utils.off_watch import Watch

_SERVICE = {True: ", which runs,", False: ", which is stopped,", None: ", which is not there,"}


def plan(
    kind: Kind,
    services: Sequence[Service],
    running: Mapping[str, bool | None] | None,
    bmc: str | None,
    witnesses: Sequence[str],
    timeout: float,
    force: bool,
) -> list[str]:
    """Return the steps of a run in order; ``running`` is what the host told of its services, None where it did not."""
    steps = [kind.caution] if kind.caution else []
    if kind.shut_down:
        seen = running or {}
        steps += [
            f"stop {each.name}{_SERVICE[seen[each.name]] if each.name in seen else ''} in {each.timeout:g} s at most"
            for each in services
        ]
        steps.append(f"send {kind.shut_down}")
    if kind.name == "controller":
        return steps
    if bmc and (not kind.shut_down or running is None):
        steps.append(f"ask {bmc} for a graceful shutdown where the host cannot be logged in to")
    by = ", ".join(witnesses) or "NOBODY, so it ends as unknown"
    steps.append(f"wait {timeout:g} s at most until it is confirmed off by {by}")
    if bmc and force:
        steps.append(f"then force it off through {bmc} and read that back")
    return steps


def off(name: str, how: str, seconds: float, troubles: Sequence[str]) -> str:
    """Return the sentence of a host that is off."""
    words = {
        "already": "was off already",
        "graceful": f"is off after {seconds:.1f} s",
        "bmc_graceful": f"is off after {seconds:.1f} s; it could not be logged in to, so its BMC asked it",
        "forced": f"was forced off after {seconds:.1f} s",
    }
    why = f" ({'; '.join(troubles)})" if troubles and how in ("bmc_graceful", "forced") else ""
    return f"{name} {words[how]}{why}."


def not_off(name: str, begun: bool, seconds: float, watch: Watch, troubles: Sequence[str]) -> str:
    """Return the sentence of a host that nobody confirmed off: what was tried and seen, and what to do."""
    did = "its shutdown was started, but" if begun else "it could not be shut down, and"
    why = f" ({'; '.join(troubles)})" if troubles else ""
    if watch.word is not None and watch.state is PowerState.ON:
        found = f"after {seconds:.0f} s it is still on: {watch.word.seen}{why}"
        do = "switch it off by its button or its outlet"
    elif watch.witnesses:
        found = f"it is not known whether it is off{why}"
        do = "take it for running, look at the machine, and switch it off by its button or its outlet"
    else:
        found = f"nobody can confirm that it is off{why}; no answer alone is not off"
        do = "look at the machine, and set shutdown_bmc, standby_bmc or shutdown_confirm"
    return f"{name}: {did} {found}; {do}."


def wrong_machine(name: str, kind: Kind) -> str:
    """Return the refusal of a host that told its identity."""
    if kind.name == "controller":
        return (
            f"{name} has the kind controller and is not the machine that this runs on; set shutdown_kind to what it "
            "is. Nothing was shut down."
        )
    return (
        f"{name} answers with the identity of the machine that this runs on; correct ansible_host, or set "
        "shutdown_kind=controller for the one that goes last. Nothing was shut down."
    )
