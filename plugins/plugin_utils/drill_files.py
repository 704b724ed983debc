# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the YAML files of drills."""

from __future__ import annotations

from typing import Any

import yaml
from ansible.errors import AnsibleActionFail


def document_in(path: str) -> Any:
    """Return what a YAML file holds; AnsibleActionFail names the file.

    Here and elsewhere its cause is left out: ansible-core would show it after the sentence, which has it already.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.safe_load(file)
    except OSError as error:
        raise AnsibleActionFail(f"{path} cannot be read: {error.strerror}; correct its path.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AnsibleActionFail(f"{path} is not YAML: {error}; correct it.") from None
