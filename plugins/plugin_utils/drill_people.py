# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of a drill: at the terminal from which it was started, or on paper."""

from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.utils.display import Display
from ansible_collections.contingency.infra.plugins.module_utils._drill.answers import answers_of
from ansible_collections.contingency.infra.plugins.module_utils._drill.model import DrillError, Scenario
from ansible_collections.contingency.infra.plugins.module_utils._drill.words import say
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_asker import AtTerminal, FromFile
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_files import document_in

NOBODY = (
    "Nobody sits at a terminal who could be asked; give the answers with -e answers=FILE, or run it without a pipe and "
    "not in the background. Nothing was written."
)
BROKEN_OFF = "The drill was broken off; all that was answered is kept, and the same command goes on there."


class Terminal:
    """The terminal from which ansible-playbook was started."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.asker = AtTerminal(self.prompt, Display().display, language)

    def begin(self) -> None:
        """Wait until all are there; AnsibleActionFail where there is no terminal."""
        self.prompt(say(self._language, "interactive"))

    @staticmethod
    def prompt(message: str) -> str:
        """Return a line that was typed; what is no UTF-8 is kept as far as it can be read."""
        try:
            # What is typed has to be seen, and comes after what was shown.
            typed: bytes = Display().prompt_until(f"{message}: ")
        except AnsiblePromptNoninteractive:
            raise AnsibleActionFail(NOBODY) from None
        except AnsiblePromptInterrupt:
            raise AnsibleActionFail(BROKEN_OFF) from None
        return typed.decode("utf-8", "replace")


def answers_in(path: str | None, scenario: Scenario) -> FromFile:
    """Return the answers of a file, none without one; AnsibleActionFail where one answers nothing that is asked."""
    if path is None:
        return FromFile({})
    try:
        return FromFile(answers_of(document_in(path), scenario.questions))
    except DrillError as error:
        raise AnsibleActionFail(f"{path} has no answers to this drill: {error}") from None
