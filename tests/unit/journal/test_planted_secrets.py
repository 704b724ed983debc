# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets planted wherever a site may have them are in no file of the evidence."""

from __future__ import annotations

import base64
import textwrap
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.unit.journal.site import Site, site_in, vaulted

PLANTED = {
    "inventory": "Inv3ntory-pl4nted/secret",
    "host": "H0st-planted+secret",
    "group file": "Gr0upfile planted'secret",
    "nested": "N3sted-planted-secret",
    "vaulted value": "V4ulted=value&planted",
    "vaulted nested": "V4ulted-nested-planted",
    "vaulted file": "V4ultedfile-planted-value",
    "vaulted number": "4815162342",
    "environment": "Envir0nment-planted",
    "task environment": "T4sk-environment-planted",
    "argument": "4rgument-planted-secret",
    "no_log item": "N0log-item-planted",
    "no_log register": "N0log-register-planted",
    "no_log fact": "N0log-fact-planted",
    "fact": "S3tfact-planted-secret",
    "include_vars": "Includ3d-planted-secret",
    "vaulted include": "V4ulted-include-planted",
    "lookup": "L00kup-planted-secret",
    "env lookup": "Env-lo0kup-planted",
    "nested lookup": "N3sted-lookup-planted",
    "of a user": "Us3r-in-passwords-planted",
    "url argument": "Url-4rgument-planted",
    "play before": "Pl4y-before-planted",
    "webhook": "0f9e8d7c-planted-6b5a-4321",
    "url": "Url-passw0rd-planted",
    "extra": "Extra-variable-pl4nted",
    "prompt default": "Prompt-d3fault-planted",
    "task variable": "T4sk-variable-planted",
    "key": "MIIEplantedKEYmaterialLine1abcdef",
    "register by name": "R3gistered-by-name-planted",
}
PLAYBOOK = """
- name: Before
  hosts: all
  gather_facts: false
  vars:
    first_password: "{play before}"
  tasks:
    - name: Keep it under an innocent name
      ansible.builtin.command: "echo {{{{ first_password }}}}"
      register: kept
      changed_when: true
- name: Plant
  hosts: all
  gather_facts: false
  environment:
    APP_TOKEN: {task environment}
  vars_prompt:
    - name: typed_value
      prompt: value
      default: {prompt default}
      private: true
  vars:
    lookup_password: "{{{{ lookup('ansible.builtin.file', playbook_dir ~ '/looked-up') }}}}"
    env_password: "{{{{ lookup('ansible.builtin.env', 'INNOCENT') }}}}"
  tasks:
    - name: Quiet facts
      ansible.builtin.set_fact:
        innocent: "{no_log fact}"
      no_log: true
    - name: Facts
      ansible.builtin.set_fact:
        my_password: "{fact}"
    - name: Include
      ansible.builtin.include_vars: included.yml
    - name: Include what is in a vault
      ansible.builtin.include_vars: included-vault.yml
    - name: Command with no_log
      ansible.builtin.command: "echo {no_log register}"
      register: quiet
      no_log: true
      changed_when: true
    - name: Loop with no_log
      ansible.builtin.debug:
        msg: "{{{{ item.password }}}}"
      loop:
        - {{user: a, password: "{no_log item}"}}
      no_log: true
    - name: Register under a name
      ansible.builtin.command: "echo {register by name}"
      register: new_token
      changed_when: true
    - name: Argument of a task {{{{ my_password }}}}
      ansible.builtin.command: "false"
      environment:
        DB_PASSWORD: "{argument}"
      ignore_errors: true
      changed_when: false
    - name: Show
      ansible.builtin.debug:
        var: quiet
    - name: Tell everything in the messages of failures
      ansible.builtin.fail:
        msg: "{{{{ item }}}}"
      loop: "{{{{ everything }}}}"
      loop_control:
        label: one
      ignore_errors: true
    - name: Tell everything in one message
      ansible.builtin.fail:
        msg: "{{{{ everything | join(' and ') }}}} {{{{ everything | to_json }}}}
          {{{{ everything | map('urlencode') }}}} {{{{ everything | map('b64encode') }}}}
          {{{{ ('user:' ~ my_password) | b64encode }}}}
          {{{{ everything | map('quote') }}}}"
      ignore_errors: true
    - name: Tell a URL of the task
      ansible.builtin.fail:
        msg: "no answer from https://his:{url argument}@db.example.org"
      ignore_errors: true
    - name: Tell it in an exception
      ansible.builtin.debug:
        msg: "{{{{ {{}}[my_password] }}}}"
      ignore_errors: true
    - name: Have a module tell it in its failure
      ansible.builtin.file:
        path: "/no-such/{{{{ innocent_vaulted }}}}"
        state: file
      ignore_errors: true
    - name: Tell it in a step
      contingency.infra.journal_step:
        procedure: plant
        text: {{en: "step with {{{{ everything | join(', ') }}}}", zh: "{{{{ my_password }}}}"}}
        proven: "{{{{ everything }}}}"
        next_action: "{{{{ everything | join(' ') }}}}"
      vars:
        step_secret: "{task variable}"
    - name: Fail with a variable of the task
      ansible.builtin.fail:
        msg: "task variable {{{{ task_secret }}}} and {argument} {task environment}"
      vars:
        task_secret: "{task variable}"
      environment:
        DB_PASSWORD: "{argument}"
      ignore_errors: true
    - name: Fail and be rescued
      block:
        - name: Fail
          ansible.builtin.fail:
            msg: "{{{{ everything | join }}}}"
      rescue:
        - name: Tell the failed result
          ansible.builtin.fail:
            msg: "{{{{ ansible_failed_result.msg }}}}"
"""
GROUP = """
database:
  users:
    - {{name: his, password: {nested}}}
group_secret: "{group file}"
channels:
  mail: {{password: "{{{{ lookup('ansible.builtin.file', playbook_dir ~ '/looked-up-nested') }}}}"}}
db_passwords: {{app_user: {of a user}}}
wecom: {{webhook: "https://qyapi.example.org/cgi-bin/webhook/send?key={webhook}"}}
connection_url: "postgresql://his:{url}@db.example.org/his"
ssh_private_key: |
  -----BEGIN PRIVATE KEY-----
  {key}
  -----END PRIVATE KEY-----
everything:
  - "{{{{ inventory_password }}}}"
  - "{{{{ host_password }}}}"
  - "{{{{ group_secret }}}}"
  - "{{{{ database.users[0].password }}}}"
  - "{{{{ innocent_vaulted }}}}"
  - "{{{{ nested_vaulted.inside[0] }}}}"
  - "{{{{ innocent_in_file }}}}"
  - "{{{{ number_in_file }}}}"
  - "{{{{ lookup('ansible.builtin.env', 'MY_API_KEY') }}}}"
  - "{{{{ innocent }}}}"
  - "{{{{ my_password }}}}"
  - "{{{{ included_token }}}}"
  - "{{{{ included_innocent }}}}"
  - "{{{{ quiet.stdout }}}}"
  - "{{{{ new_token.stdout }}}}"
  - "{no_log item}"
  - "{{{{ lookup_password }}}}"
  - "{{{{ env_password }}}}"
  - "{{{{ channels.mail.password }}}}"
  - "{{{{ db_passwords.app_user }}}}"
  - "{{{{ kept.stdout }}}}"
  - "{{{{ wecom.webhook }}}}"
  - "{webhook}"
  - "{{{{ connection_url }}}}"
  - "{url}"
  - "{{{{ extra_password }}}}"
  - "{{{{ typed_value }}}}"
  - "{{{{ ssh_private_key }}}}"
  - "{key}"
piped_password: "{{{{ lookup('ansible.builtin.pipe', 'touch ' ~ playbook_dir ~ '/piped') }}}}"
made_password: "{{{{ lookup('ansible.builtin.password', playbook_dir ~ '/made') }}}}"
all_items:
  - {{password: "{no_log item}"}}
"""


def indented(text: str) -> str:
    return textwrap.indent(text, "      ")


def plant(folder: Path) -> Site:
    """Return a site with secrets everywhere."""
    site = site_in(folder, f"inventory_password={PLANTED['inventory']!r}")
    one, nested = (vaulted(PLANTED[name], folder, "vault") for name in ("vaulted value", "vaulted nested"))
    values = (
        f"innocent_vaulted: !vault |\n{indented(one)}\nnested_vaulted:\n  inside:\n    - !vault |\n{indented(nested)}"
    )
    site.file("group_vars/all/main.yml", GROUP.format(**PLANTED))
    site.file("group_vars/all/values.yml", values)
    of_file = f"innocent_in_file: {PLANTED['vaulted file']}\nnumber_in_file: {PLANTED['vaulted number']}\n"
    site.file("group_vars/all/vault.yml", vaulted(of_file, folder, "vault"))
    site.file("host_vars/alpha.yml", f"host_password: '{PLANTED['host']}'\n")
    site.file("host_vars/beta.yml", f"host_password: '{PLANTED['host']}'\n")
    site.file("included.yml", f"included_token: {PLANTED['include_vars']}\n")
    included = vaulted(f"included_innocent: {PLANTED['vaulted include']}\n", folder, "vault")
    site.file("included-vault.yml", included)
    site.file("looked-up", PLANTED["lookup"] + "\n")
    site.file("looked-up-nested", PLANTED["nested lookup"] + "\n")
    site.file("plant.yml", PLAYBOOK.format(**PLANTED))
    return site


def forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = plant(tmp_path_factory.mktemp("planted"))
    secret = {"MY_API_KEY": PLANTED["environment"], "INNOCENT": PLANTED["env lookup"]}
    options = ("-e", f"extra_password={PLANTED['extra']}", "--vault-password-file", str(site.folder / "vault-password"))
    done = site.run("plant.yml", *options, environment=secret)
    assert "Tell the failed result" in done.stdout, done.stdout + done.stderr
    (site.folder / "screen").write_text(done.stdout + done.stderr, encoding="utf-8")
    return site


def test_the_run_told_the_secrets(planted: Site) -> None:
    """Else the next test would find nothing whatever the journal does."""
    screen = (planted.folder / "screen").read_text(encoding="utf-8")
    never_shown = {"no_log item", "task environment", "prompt default"}
    assert [name for name in PLANTED if name not in never_shown and PLANTED[name] not in screen] == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_in_no_file(planted: Site, name: str) -> None:
    files = [path for path in planted.evidence.rglob("*") if path.is_file()]
    assert len(files) >= 2
    found = [
        (path.name, form) for path in files for form in forms(PLANTED[name]) if form in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_looking_for_secrets_changes_nothing(planted: Site) -> None:
    """A lookup that only its task is to make is not made by the journal."""
    assert [name for name in ("piped", "made") if (planted.folder / name).exists()] == []


def test_the_journal_still_tells_what_failed(planted: Site) -> None:
    messages = [line["message"] for line in planted.kind("result") if line["status"] == "failed"]
    for told in ("and ********", "has no attribute '********'", "/no-such/********"):
        assert any(told in message for message in messages), told
    assert len(planted.kind("step")) == 2
    assert planted.kind("step")[0]["text"]["en"].startswith("step with ********")


def test_results_of_no_log_tasks_are_there_without_what_they_returned(planted: Site) -> None:
    hidden = [line for line in planted.kind("result") if line["task"] == "Command with no_log"]
    assert [(line["status"], line["message"]) for line in hidden] == [("changed", None)] * 2


LATER = """
- name: First
  hosts: all
  gather_facts: false
  tasks:
    - name: Fail early, so that all variables are read
      ansible.builtin.fail:
        msg: nothing
      ignore_errors: true
    - name: Learn
      ansible.builtin.set_fact:
        my_password: "L4ter-planted-fact-of-{{ inventory_hostname }}"
    - name: Learn quietly
      ansible.builtin.command: "echo L4ter-planted-quiet-of-{{ inventory_hostname }}"
      register: quiet
      changed_when: true
      no_log: true
- name: Second
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Tell of another host
      ansible.builtin.fail:
        msg: "told {{ hostvars['alpha'].my_password }} and {{ hostvars['beta'].quiet.stdout }}"
"""


def test_what_another_host_learned_later_is_hidden_too(tmp_path: Path) -> None:
    site = site_in(tmp_path)
    site.file("later.yml", LATER)
    site.run("later.yml")
    messages = [line["message"] for line in site.kind("result") if line["host"] == "localhost"]
    assert messages == ["told ******** and ********"]
