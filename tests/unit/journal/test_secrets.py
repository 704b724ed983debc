# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are found by their names, and hidden in every form in which they occur."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import (
    HIDDEN,
    Scrubber,
    cut,
    found_in,
    in_url,
    is_secret_name,
)
from hypothesis import given
from hypothesis import strategies as st

SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=8, max_size=24).filter(
    lambda text: (
        "{{" not in text and "*" not in text and len(set(text)) > 3 and text.lower() not in ("optional", "required")
    )
)


def scrubber(*secrets: str) -> Scrubber:
    found = Scrubber()
    found.learn(secrets)
    return found


NAMES = (
    "ansible_password ansible_become_pass ansible_ssh_pass enable_secret api_key apiKey snmp_community DB_PASSWORD "
    "GITHUB_TOKEN privacy_password bmcPassword webhook_url ssh_private_key AWS_SECRET_ACCESS_KEY session_key psk "
    "passphrase Authorization sudo_pwd login-token client_credentials wifi_psk db_pw bmc_passcode MYSQL_PWD 数据库密码"
)
OTHERS = (
    "ansible_host ansible_ssh_private_key_file password_file compass passenger public_key key keyboard token_count "
    "password_max_age SSH_AUTH_SOCK design classes secret_name password_policy author community_type "
    "become_password_prompt passed proven backup_host PWD OLDPWD"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_names_of_other_things(name: str) -> None:
    assert not is_secret_name(name)


def test_secrets_are_found_in_nested_data_by_the_names_above_them() -> None:
    data = {
        "name": "his",
        "login": {"user": "his", "password": "one"},
        "api_keys": ["two", "three"],
        "secrets": {"deep": [{"inside": "four"}], "user": "root"},
        "port": 5432,
        "password_set": True,
        "pin": 4711,
    }
    assert set(found_in(data)) == {"one", "two", "three", "four", "4711"}


def test_names_of_users_above_passwords_are_not_what_is_beside_them() -> None:
    data = {
        "db_passwords": {"app_user": "one", "backup_store": "two", "user": "root"},
        "api_keys": {"site_name": "three"},
        "credentials": {"db_user": "his", "db_password": "four"},
    }
    assert set(found_in(data)) == {"one", "two", "three", "four"}


def test_urls_tell_their_passwords_and_keys() -> None:
    url = "postgresql://his:p%40ss@db.example.org/his?sslpassword=more&sslmode=require"
    assert set(in_url(url)) == {"p%40ss", "p@ss", "more"}
    hook = "https://hooks.example.org/services/T00000/B00000/XXXXXXXXXXXXXXXXXXXXXXXX?key=0f9e8d7c"
    assert set(found_in({"webhook": hook})) == {hook, "XXXXXXXXXXXXXXXXXXXXXXXX", "0f9e8d7c"}
    assert set(in_url("http://[broken")) == set()


@given(secret=SECRETS, before=st.text(max_size=7), after=st.text(max_size=7))
def test_a_secret_is_hidden_in_every_form(secret: str, before: str, after: str) -> None:
    hide = scrubber(secret).text
    forms = {
        "plain": secret,
        "url": quote(secret, safe=""),
        "path": quote(secret),
        "url in lower case": re.sub("%..", lambda each: each[0].lower(), quote(secret, safe="")),
        "json of php": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "json of go": json.dumps(secret, ensure_ascii=False)[1:-1]
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e"),
        "form": quote_plus(secret),
        "json": json.dumps(secret)[1:-1],
        "json in utf-8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "shell": shlex.quote(secret).removeprefix("'").removesuffix("'"),
        "python": repr(secret)[1:-1],
        "html": html.escape(secret),
        "hex": secret.encode().hex(),
    }
    for name, form in forms.items():
        assert form not in hide(f"{before} {form} {after}"), name


@given(secret=SECRETS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_a_secret_is_hidden_in_base64_wherever_it_begins(secret: str, before: bytes, after: bytes) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + secret.encode() + after).decode()
        hidden = scrubber(secret).text(encoded)
        kept = hidden.replace(HIDDEN, "")
        # What stands beside it, and at each end one character with bits of both.
        assert len(kept) <= -(-len(before) * 4 // 3) + -(-len(after) * 4 // 3) + 6, (encoded, hidden)


@given(text=st.text(max_size=40), secret=SECRETS)
def test_what_is_no_secret_is_left(text: str, secret: str) -> None:
    told = scrubber(secret).text(text)
    assert told == text or HIDDEN in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mysql --password=hunter2 -u his", f"mysql --password={HIDDEN} -u his"),
        ("host=db password='a b' port=5", f"host=db password={HIDDEN} port=5"),
        (
            "no answer from https://his:hunter2@db.example.org/x",
            f"no answer from https://his:{HIDDEN}@db.example.org/x",
        ),
        ("run it with -e failed=core-a, PWD=/root", "run it with -e failed=core-a, PWD=/root"),
        ("see https://example.org:8443/a@b", "see https://example.org:8443/a@b"),
    ],
)
def test_what_a_text_itself_says_to_be_secret_is_hidden(text: str, told: str) -> None:
    assert scrubber().text(text) == told


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    hide = scrubber("abc", "1234").text
    assert hide("abc: abcdef, 1234 and 12345") == f"{HIDDEN}: abcdef, {HIDDEN} and 12345"


def test_words_that_every_text_has_are_no_secrets() -> None:
    assert scrubber("true", "no", "", "  ", "default", "{{ other }}").text("true: no default, {{ other }}") == (
        "true: no default, {{ other }}"
    )


def test_lines_of_a_key_are_hidden_alone() -> None:
    key = "-----BEGIN KEY-----\nMIIEabcdefghijkl\nmnopqrstuvwxyz01\n-----END KEY-----\n"
    hide = scrubber(key).text
    assert "mnopq" not in hide("second line: mnopqrstuvwxyz01")
    assert "MIIE" not in hide(json.dumps(key))


def test_data_is_cleaned_in_its_texts_names_and_numbers() -> None:
    told = scrubber("hunter2hunter2", "4815162342").data(
        {"hunter2hunter2": ["x hunter2hunter2", 4815162342, 7, 0.5, None, True, b"hunter2hunter2"]}
    )
    assert told == {HIDDEN: [f"x {HIDDEN}", HIDDEN, 7, 0.5, None, True, HIDDEN]}


def test_what_was_told_before_a_secret_was_known_is_hidden_afterwards() -> None:
    found = Scrubber()
    assert found.text("hunter2hunter2") == "hunter2hunter2"
    found.learn(["hunter2hunter2"])
    assert found.text("hunter2hunter2") == HIDDEN


def test_a_text_is_cut_at_its_end() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 5) == "abcd…"
