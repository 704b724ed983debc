# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sending a message to a webhook over HTTP or HTTPS, through a proxy where there is one. Redirects are not followed."""

from __future__ import annotations

import http.client
from typing import Tuple
from urllib.parse import SplitResult, urlsplit

from ansible_collections.contingency.infra.plugins.module_utils._notice.judge import judged
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import (
    Message,
    Outcome,
    Reply,
    Request,
    Webhook,
)
from ansible_collections.contingency.infra.plugins.module_utils._notice.passage import Passage, exchanged, trust
from ansible_collections.contingency.infra.plugins.module_utils._notice.request import request_for

MOST_BYTES = 65536


def send(channel: Webhook, message: Message, recipient: str, epoch: float) -> Outcome:
    """Send it; never raises for what a server or the network does."""
    request = request_for(channel, message, recipient, epoch)
    where = urlsplit(channel.url).netloc.rpartition("@")[2]
    return exchanged(
        channel.timeout_seconds, where, lambda passage: judged(channel, _reply(channel, request, passage), where)
    )


def _reply(channel: Webhook, request: Request, passage: Passage) -> Reply:
    parts = urlsplit(request.url)
    connection, target = _connection(channel, parts)
    try:
        connection.connect()
        passage.hand_over()
        connection.request(request.method, target, request.body, request.headers)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, headers, response.read(MOST_BYTES))
    finally:
        connection.close()


def _connection(channel: Webhook, parts: SplitResult) -> Tuple[http.client.HTTPConnection, str]:
    """Return a connection that is not yet made, and what to ask it for."""
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    proxy = urlsplit(channel.proxy)
    host, port = (proxy.hostname, proxy.port) if channel.proxy else (parts.hostname, parts.port)
    if parts.scheme == "http":
        plain = http.client.HTTPConnection(str(host), port, timeout=channel.timeout_seconds)
        return plain, (parts.geturl() if channel.proxy else target)
    context = trust(channel.ca_file, channel.verify)
    secured = http.client.HTTPSConnection(str(host), port, timeout=channel.timeout_seconds, context=context)
    if channel.proxy:
        secured.set_tunnel(str(parts.hostname), parts.port)
    return secured, target
