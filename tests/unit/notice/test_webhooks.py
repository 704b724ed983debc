# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests are those that the services document, and their answers are judged as they document them."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._notice import judge, words
from ansible_collections.contingency.infra.plugins.module_utils._notice.channel import (
    channel_of,
    channels_of,
    secrets_of,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    FAILED,
    SENT,
    UNKNOWN,
    Message,
    NoticeError,
    Reply,
    Webhook,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.request import (
    WECOM_BYTES,
    dingtalk_signature,
    feishu_signature,
    request_for,
    shortened,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = 1795348800.25
MESSAGE = Message(
    message_id="<INC-20261122-1.ab12cd34ef56@hospital.example>",
    incident="INC-20261122-1",
    subject="[级别 I] 核心交换机故障 <core-a>",
    text='业务中断 & 转手工\n"第二行" $text {json}',
    short="核心交换机故障",
    language="zh",
)


def webhook(kind: str, **settings: Any) -> Webhook:
    channel = channel_of(
        "it", {"kind": kind, "url": "https://hook.example/send?key=k-1234567", **settings}, "channels.it"
    )
    assert isinstance(channel, Webhook)
    return channel


def body_to(kind: str, recipient: str = "", **settings: Any) -> Any:
    return json.loads(request_for(webhook(kind, **settings), MESSAGE, recipient, NOW).body)


def openssl_hmac(key: str, text: str) -> str:
    """The signature as a program that knows nothing of this one makes it."""
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.encode().hex()}", "-binary"]
    found = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return base64.b64encode(found.stdout).decode()


def test_dingtalk_signs_time_and_secret_with_the_secret() -> None:
    signed = request_for(webhook("dingtalk", secret="SEC0123456789"), MESSAGE, "", NOW)
    query = parse_qs(urlsplit(signed.url).query)
    assert query["timestamp"] == ["1795348800250"]
    assert query["sign"] == [openssl_hmac("SEC0123456789", "1795348800250\nSEC0123456789")]
    assert query["key"] == ["k-1234567"]
    assert dingtalk_signature("SEC0123456789", "1795348800250") == query["sign"][0]


def test_feishu_signs_nothing_with_time_and_secret() -> None:
    body = body_to("feishu", secret="fs-secret")
    assert body["timestamp"] == "1795348800"
    assert body["sign"] == openssl_hmac("1795348800\nfs-secret", "") == feishu_signature("fs-secret", "1795348800")


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "slack"])
def test_chat_shows_subject_text_and_number(kind: str) -> None:
    text = json.dumps(body_to(kind), ensure_ascii=False)
    for part in ("核心交换机故障", "业务中断", "INC-20261122-1.ab12cd34ef56"):
        assert part in text
    assert "可能重复" not in text


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "slack", "generic"])
def test_repetition_says_that_it_may_be_one(kind: str) -> None:
    body = request_for(webhook(kind), MESSAGE.again(), "", NOW).body.decode()
    assert "可能重复" in body
    assert MESSAGE.number in body


@pytest.mark.parametrize(
    ("kind", "recipient", "wanted"),
    [
        ("wecom", "zhangsan", {"mentioned_list": ["zhangsan"]}),
        ("wecom", "+8613800000000", {"mentioned_mobile_list": ["13800000000"]}),
        ("wecom", "all", {"mentioned_list": ["@all"]}),
        ("dingtalk", "+8613800000000", {"atMobiles": ["13800000000"], "isAtAll": False}),
        ("dingtalk", "user-7", {"atUserIds": ["user-7"], "isAtAll": False}),
        ("dingtalk", "all", {"isAtAll": True}),
    ],
)
def test_person_is_mentioned(kind: str, recipient: str, wanted: dict[str, Any]) -> None:
    body = body_to(kind, recipient)
    found = body["text"] if kind == "wecom" else body["at"]
    assert {name: found[name] for name in found if name != "content"} == wanted


def test_feishu_and_slack_mention_the_recipient_and_nobody_that_the_text_names() -> None:
    assert body_to("feishu", "ou_7")["content"]["text"].startswith('<at user_id="ou_7"></at> ')
    assert body_to("feishu", "ou_7")["content"]["text"].count("<") == 2
    assert body_to("slack", "U7")["text"].startswith("<@U7> ")
    assert "&lt;core-a&gt;" in body_to("slack", "U7")["text"]
    assert body_to("slack", "all")["text"].startswith("<!channel> ")


def test_keyword_that_a_robot_asks_for_is_there_once() -> None:
    assert body_to("dingtalk", keyword="应急")["text"]["content"].startswith("应急\n")
    assert not body_to("dingtalk", keyword="核心交换机")["text"]["content"].startswith("核心交换机\n")


@given(st.text(max_size=3000), st.integers(10, 2048))
def test_shortened_text_fits_and_begins_the_same(text: str, most: int) -> None:
    found = shortened(text, most)
    assert len(found.encode()) <= max(most, 3)
    assert found == text or text.startswith(found[:-1])


def test_wecom_takes_2048_bytes() -> None:
    long = Message("<a.b7c@c>", "a", "s", "长" * 2000, "s", "zh").again()
    body = json.loads(request_for(webhook("wecom"), long, "", NOW).body)
    assert len(body["text"]["content"].encode()) <= WECOM_BYTES
    assert "a.b7c" in body["text"]["content"]
    assert "可能重复" in body["text"]["content"]


# -- a site's own gateway ----------------------------------------------------------------------------


def test_json_of_a_gateway_is_filled_in_and_stays_json() -> None:
    body = body_to("generic", "+8613800000000", json={"phones": ["$to"], "sms": {"content": "【医院】$short"}, "n": 1})
    assert body == {"phones": ["+8613800000000"], "sms": {"content": "【医院】核心交换机故障 #ab12cd34ef56"}, "n": 1}


def test_form_and_address_of_a_gateway_are_encoded() -> None:
    channel = webhook("generic", url="https://sms.example/send?to=$to", form={"msg": "$text", "cost": "$$1"})
    request = request_for(channel, MESSAGE, "+86 138&x=1", NOW)
    assert parse_qs(urlsplit(request.url).query) == {"to": ["+86 138&x=1"]}
    assert parse_qs(request.body.decode())["msg"] == [words.body_of(MESSAGE)]
    assert parse_qs(request.body.decode())["cost"] == ["$1"]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_header_of_a_gateway_holds_one_line() -> None:
    channel = webhook("generic", headers={"X-Subject": "$subject", "X-Text": "$text"}, body="$text")
    headers = request_for(channel, MESSAGE, "", NOW).headers
    assert all("\n" not in value and value.isascii() for value in headers.values())


# -- answers -----------------------------------------------------------------------------------------


def outcome(kind: str, status: int, body: Any, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return judge.judged(webhook(kind, **settings), Reply(status, headers or {}, raw), "hook.example")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("wecom", {"errcode": 0, "errmsg": "ok"}),
        ("dingtalk", {"errcode": 0, "errmsg": "ok"}),
        ("feishu", {"code": 0, "data": {}, "msg": "success"}),
        ("feishu", {"StatusCode": 0, "StatusMessage": "success"}),
        ("slack", "ok"),
        ("generic", "anything"),
    ],
)
def test_documented_consent_counts_as_sent(kind: str, body: Any) -> None:
    assert outcome(kind, 200, body).state == SENT


@pytest.mark.parametrize(
    ("kind", "body", "permanent", "rest"),
    [
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, True, 0),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, False, 60),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}, False, 0),
        ("dingtalk", {"errcode": 310000, "errmsg": "sign not match"}, True, 0),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, False, 60),
        ("feishu", {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, True, 0),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, False, 60),
    ],
)
def test_refusal_with_status_200_is_no_success(kind: str, body: Any, permanent: bool, rest: float) -> None:
    found = outcome(kind, 200, body)
    assert (found.state, found.permanent, found.wait_seconds) == (FAILED, permanent, rest)
    assert str(body.get("errmsg") or body.get("msg")) in words.sentence_of(found.reason, "en")


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "slack"])
@pytest.mark.parametrize("body", ["<html>Log in to the network</html>", "", "[]", '{"errcode": "0"}', '{"code": null}'])
def test_answer_of_somebody_else_is_no_good_news(kind: str, body: str) -> None:
    assert outcome(kind, 200, body).state == UNKNOWN


@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "feishu", "slack", "generic"])
@pytest.mark.parametrize(
    ("status", "state", "permanent"),
    [
        (301, FAILED, True),
        (403, FAILED, True),
        (404, FAILED, True),
        (429, FAILED, False),
        (500, FAILED, False),
        (502, UNKNOWN, False),
        (503, FAILED, False),
        (504, UNKNOWN, False),
    ],
)
def test_status_says_whether_to_try_again(kind: str, status: int, state: str, permanent: bool) -> None:
    found = outcome(kind, status, "no")
    assert (found.state, found.permanent) == (state, permanent)


@pytest.mark.parametrize(
    ("asked", "rest"), [("7", 7), ("86400", 600), ("Sun, 22 Nov 2026 08:00:00 GMT", 60), ("-5", 60), ("", 60)]
)
def test_server_that_asks_to_be_left_alone_is(asked: str, rest: float) -> None:
    assert outcome("slack", 429, "rate_limited", {"retry-after": asked}).wait_seconds == rest


@pytest.mark.parametrize(
    ("accept", "status", "body", "state"),
    [
        ({"json": {"result.code": 0}}, 200, {"result": {"code": "0"}}, SENT),
        ({"json": {"result.code": 0}}, 200, {"result": {"code": 7}}, FAILED),
        ({"json": {"result.code": 0}}, 200, "no json", FAILED),
        ({"text": "^OK:"}, 200, "OK: 1", SENT),
        ({"text": "^OK:"}, 200, "ERR", FAILED),
        ({"status": [202]}, 202, "", SENT),
        ({"status": [202]}, 200, "", FAILED),
    ],
)
def test_gateway_is_judged_as_the_site_says(accept: dict[str, Any], status: int, body: Any, state: str) -> None:
    assert outcome("generic", status, body, accept=accept).state == state


# -- what a site says of its channels ----------------------------------------------------------------

MAIL = {"kind": "smtp", "host": "mail.hospital.example", "from": "duty@hospital.example"}


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"kind": "fax"}, "channels.it.kind is 'fax'"),
        ({"kind": "smtp", "from": "a@b"}, "channels.it.host is missing"),
        ({**MAIL, "security": "ssl"}, "channels.it.security is 'ssl'"),
        ({**MAIL, "from": "duty"}, "channels.it.from is 'duty'"),
        ({**MAIL, "security": "none", "user": "u", "password": "p"}, "in clear"),
        ({**MAIL, "user": "u"}, "has one of user and password"),
        ({**MAIL, "url": "x"}, "has url, which smtp does not know"),
        ({**MAIL, "timeout": "soon"}, "channels.it.timeout is 'soon'"),
        ({**MAIL, "port": "smtp"}, "channels.it.port is 'smtp'"),
        ({**MAIL, "timeout": 900}, "channels.it.timeout is 900"),
        ({"kind": "slack", "url": "ftp://x"}, "channels.it.url is no http or https address"),
        ({"kind": "slack", "url": "https://x/y", "json": {}}, "has json, which slack does not know"),
        ({"kind": "generic", "url": "https://x/y", "json": {}, "form": {}}, "has json and form"),
        ({"kind": "generic", "url": "https://x/y", "accept": {"text": "("}}, "no regular expression"),
        ({"kind": "generic", "url": "https://x/y", "accept": {"status": ["two"]}}, "accept.status"),
        ({"kind": "generic", "url": "https://x/y", "proxy": "proxy:3128"}, "channels.it.proxy"),
        ({"kind": "generic", "url": "https://x/y", "headers": {"X": "a\r\nY: b"}}, "channels.it.headers"),
        ("smtp", "channels.it is str"),
    ],
)
def test_mistake_is_named_with_its_key(given_: Any, said: str) -> None:
    with pytest.raises(NoticeError, match="channels") as caught:
        channels_of({"it": given_}, "channels")
    assert said in str(caught.value)


def test_secrets_are_not_shown_and_are_known() -> None:
    given_ = {
        "kind": "generic",
        "url": "https://sms.example/v1/tokentoken?key=abcdefgh&to=$to",
        "headers": {"Authorization": "Bearer zyxwvu"},
        "json": {"sign": "hospital-sign"},
    }
    shown = repr(channel_of("sms", given_, "channels.sms"))
    found = secrets_of(given_)
    for secret in ("tokentoken", "abcdefgh", "Bearer zyxwvu", "hospital-sign"):
        assert secret not in shown
        assert secret in found
    assert "zyxwvutsrq" in secrets_of({"headers": {"Authorization": "Bearer zyxwvutsrq"}})
    assert "planted-token" in secrets_of({"body": "key=planted-token&to=$to"})
    assert "smtp-password" not in repr(channel_of("m", {**MAIL, "user": "u", "password": "smtp-password"}, "c"))


def test_both_languages_have_the_same_words_and_fields() -> None:
    english, chinese = words.WORDS["en"], words.WORDS["zh"]
    assert set(english) == set(chinese)
    for key in english:
        fields = {name for name in ("where", "why", "code", "said", "number", "tried") if f"{{{name}}}" in english[key]}
        assert {name for name in fields if f"{{{name}}}" in chinese[key]} == fields, key
