"""``cityharvest send``: how a company pushes a file to a portal, from its own machine and without a ledger.

The body travels raw and is read as it is sent; its checksum goes ahead, so that a file changed on its way is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import click

from cityharvest.cli.output import language, note, print_json, say
from cityharvest.cli.portal import read_secret
from cityharvest.errors import FetchTemporary, ReceiveRefused, WrongCall
from cityharvest.fetch import Fetcher
from cityharvest.publisher import portal_policy
from cityharvest.settings import Settings

_CHUNK = 1024 * 1024
_ROUTE = "{url}/api/cityopen/v1/mandates/{mandate}/deliveries/{period}"


@click.command()
@click.argument("mandate")
@click.argument("period")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--url", required=True, envvar="CITYHARVEST_CKAN_URL", help="The portal's address.")
@click.option("--token-file", required=True, type=click.Path(path_type=Path), help="File (0600) with your API token.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on standard output.")
def send(mandate: str, period: str, file: Path, url: str, token_file: Path, as_json: bool) -> None:
    """Send FILE for PERIOD (such as 2026-10) of MANDATE and print the receipt."""
    size = file.stat().st_size
    if size == 0:
        raise WrongCall("send-file-empty", file=file.name)
    token = read_secret(token_file, "--token-file")
    note("sending", file=file.name, bytes=size)
    with file.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        address = _ROUTE.format(url=url.rstrip("/"), mandate=quote(mandate, safe=""), period=quote(period, safe=""))
        receipt = _put(
            address,
            url,
            stream,
            {
                "Authorization": token,
                "Content-Length": str(size),
                "X-Checksum-SHA256": checksum,
                "Content-Type": "application/octet-stream",
            },
        )
    if as_json:
        print_json(receipt)
    else:
        say("sent", mandate=mandate, period=period, sha256=checksum, state=str(receipt.get("state", "received")))


def _put(address: str, portal_url: str, stream: BinaryIO, headers: dict[str, str]) -> dict[str, Any]:
    """Send the body; the portal's own refusals come back with their code.

    Raises:
        ReceiveRefused: the portal does not accept the file.
        FetchTemporary: it cannot be reached, or says to try again.
    """
    # The sender named this address on the command line: it may be private, and it is the only one that may.
    policy = portal_policy(portal_url, Settings.from_environ().allowed_private)
    with Fetcher(policy).put_stream(address, stream, headers=headers) as response:
        status, body = response.status, response.body()
    try:
        answer = json.loads(body)
    except ValueError:
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    if status in (200, 201):
        receipt = answer.get("delivery", answer)
        return receipt if isinstance(receipt, dict) else answer
    if status >= 500 or status in (408, 425, 429):
        raise FetchTemporary("portal-failed", action="deliveries", status=status)
    raise ReceiveRefused("portal-refused-file", status=status, reason=_reason(answer))


def _reason(answer: dict[str, Any]) -> str:
    error = answer.get("error", answer)
    if not isinstance(error, dict):
        return ""
    message = error.get("message")
    return str(message.get(language(), "") if isinstance(message, dict) else message or error.get("code", ""))
