"""A small portal on loopback that keeps state like CKAN's Action API does, and can be told to fail.

It knows only what the publisher calls. Rules copied from CKAN 2.12's behavior: a package id may not be chosen, a
resource id of another package is refused with 409, ``resource_delete`` leaves table and file behind, a missing table
is 404, an unknown action is 400 with a bare string.
"""

from __future__ import annotations

import json
import threading
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "test-token"
DATASET_KEYS_REFUSED = ("id",)


class RefusedError(Exception):
    def __init__(self, status: int, kind: str, **fields: Any) -> None:
        super().__init__(kind)
        self.status, self.kind, self.fields = status, kind, fields


class FakePortal:
    """State and faults. ``fault`` is None, "500", "503", "solr", "html", "forbidden", "drop"."""

    def __init__(self) -> None:
        self.packages: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.tables: dict[str, dict[str, Any]] = {}
        self.organizations: dict[str, dict[str, Any]] = {}
        self.reassessed: list[list[str]] = []
        self.calls: list[str] = []
        self.fault: str | None = None
        #: action -> fault, for one action only
        self.faults: dict[str, str] = {}
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FakePortal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, action: str, data: dict[str, Any], upload: tuple[str, bytes] | None) -> Any:
        with self._lock:
            self.calls.append(action)
            method = getattr(self, f"do_{action}", None)
            if method is None:
                raise RefusedError(400, "")
            return method(data, upload)

    def resources(self, name: str) -> list[dict[str, Any]]:
        return self.packages[name]["resources"]

    def snapshot(self) -> dict[str, Any]:
        """Everything a reader can see, for comparing two runs."""
        with self._lock:
            return json.loads(
                json.dumps(
                    {
                        "packages": {name: _without_ids(one) for name, one in self.packages.items()},
                        "files": {key: body.hex() for key, body in self.files.items() if not _is_proof(body)},
                        "tables": self.tables,
                    },
                    sort_keys=True,
                    default=str,
                )
            )

    def visible(self) -> dict[str, Any]:
        """What readers get, without ids: equal for two runs that did the same."""
        with self._lock:
            return {
                name: {
                    "fields": _comparable(package),
                    "files": sorted(
                        (one["name"], one["url"], "-" if "proof" in one["url"] else self.files[one["id"]].hex())
                        for one in package["resources"]
                    ),
                    "tables": sorted(
                        (one["name"], self.tables[one["id"]]["rows"])
                        for one in package["resources"]
                        if one["id"] in self.tables
                    ),
                    "strays": (
                        len(self.files) - len(package["resources"]),
                        len(set(self.tables) - {one["id"] for one in package["resources"]}),
                    ),
                }
                for name, package in self.packages.items()
            }

    # -- actions --

    def do_organization_show(self, data: dict[str, Any], _upload: Any) -> Any:
        return self._found(self.organizations.get(data["id"]))

    def do_package_show(self, data: dict[str, Any], _upload: Any) -> Any:
        return self._package(data["id"])

    def do_package_create(self, data: dict[str, Any], _upload: Any) -> Any:
        if any(key in data for key in DATASET_KEYS_REFUSED):
            raise RefusedError(403, "Authorization Error")
        if data["name"] in self.packages:
            raise RefusedError(409, "Validation Error", name=["taken"])
        package = {**data, "id": str(uuid.uuid4()), "resources": [], "state": "active"}
        self.packages[data["name"]] = package
        return package

    def do_package_patch(self, data: dict[str, Any], _upload: Any) -> Any:
        package = self._package(data["id"])
        package.update({key: value for key, value in data.items() if key != "id"})
        return package

    def do_resource_create(self, data: dict[str, Any], upload: Any) -> Any:
        package = self._package(data["package_id"])
        if any(one["id"] == data["id"] for other in self.packages.values() for one in other["resources"]):
            raise RefusedError(409, "Validation Error", id=["taken"])
        resource = dict(data)
        package["resources"].append(resource)
        return self._take_file(resource, upload)

    def do_resource_patch(self, data: dict[str, Any], upload: Any) -> Any:
        _package, resource = self._resource(data["id"])
        if data.pop("clear_upload", None):
            self.files.pop(resource["id"], None)
            resource["url_type"] = ""
        resource.update(data)
        return self._take_file(resource, upload)

    def do_resource_delete(self, data: dict[str, Any], _upload: Any) -> Any:
        package, resource = self._resource(data["id"])
        package["resources"].remove(resource)
        return None

    def do_datastore_create(self, data: dict[str, Any], _upload: Any) -> Any:
        _package, resource = self._resource(data["resource_id"])
        self.tables.setdefault(
            resource["id"], {"fields": data["fields"], "primary_key": data["primary_key"], "rows": []}
        )
        resource["datastore_active"] = True
        return {"resource_id": resource["id"]}

    def do_datastore_upsert(self, data: dict[str, Any], _upload: Any) -> Any:
        table = self._found(self.tables.get(data["resource_id"]))
        keys = {tuple(row[name] for name in table["primary_key"]) for row in table["rows"]}
        if any(tuple(row[name] for name in table["primary_key"]) in keys for row in data["records"]):
            raise RefusedError(409, "Validation Error", records=["duplicate key"])
        table["rows"].extend(data["records"])
        return {"resource_id": data["resource_id"]}

    def do_datastore_search(self, data: dict[str, Any], _upload: Any) -> Any:
        table = self._found(self.tables.get(data["resource_id"]))
        return {"total": len(table["rows"]), "records": table["rows"][: data.get("limit", 100)]}

    def do_datastore_delete(self, data: dict[str, Any], _upload: Any) -> Any:
        self._found(self.tables.pop(data["resource_id"], None))
        _package, resource = self._resource(data["resource_id"])
        resource["datastore_active"] = False
        return {"resource_id": data["resource_id"]}

    def do_datastrategy_reassess(self, data: dict[str, Any], _upload: Any) -> Any:
        self.reassessed.append(list(data["organization_ids"]))
        return {"assessed": len(data["organization_ids"])}

    # -- helpers --

    def _take_file(self, resource: dict[str, Any], upload: tuple[str, bytes] | None) -> dict[str, Any]:
        if upload is not None:
            resource["url"], self.files[resource["id"]] = upload
            resource["url_type"] = "upload"
        return resource

    def _package(self, key: str) -> dict[str, Any]:
        found = self.packages.get(key) or next((one for one in self.packages.values() if one["id"] == key), None)
        return self._found(found)

    def _resource(self, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
        for package in self.packages.values():
            for resource in package["resources"]:
                if resource["id"] == key:
                    return package, resource
        raise RefusedError(404, "Not Found Error")

    @staticmethod
    def _found(value: Any) -> Any:
        if value is None:
            raise RefusedError(404, "Not Found Error")
        return value


def _is_proof(body: bytes) -> bool:
    """A proof carries the head of the audit chain, which differs from run to run."""
    return b'"audit_head"' in body


def _without_ids(package: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in package.items() if key not in ("id", "resources")}
    drop = ("hash", "package_id")
    kept["resources"] = [
        {key: value for key, value in one.items() if key not in drop or not one["name"].startswith("Dokazilo")}
        | {"package_id": "-"}
        for one in package["resources"]
    ]
    return kept


def _comparable(package: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in package.items() if key not in ("id", "resources", "release_id", "mandate_id")}
    suppression = json.loads(kept.get("suppression") or "{}")
    suppression.pop("release_id", None)
    return {**kept, "suppression": suppression, "points_to_a_release": bool(package.get("release_id"))}


def _handler_of(portal: FakePortal) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one small class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            action = self.path.rsplit("/", 1)[-1]
            fault = portal.faults.get(action) or portal.fault
            if fault and self._fail(fault):
                return
            if self.headers.get("Authorization") != TOKEN:
                self._error(403, "Authorization Error")
                return
            data, upload = _parse(self.headers.get("Content-Type", ""), body)
            try:
                result = portal.answer(action, data, upload)
            except RefusedError as error:
                if not error.kind:
                    self._send(error.status, json.dumps("Bad request").encode())
                    return
                self._error(error.status, error.kind, **error.fields)
                return
            self._send(200, json.dumps({"success": True, "result": result}).encode())

        def _fail(self, fault: str) -> bool:
            if fault == "drop":
                self.close_connection = True
                self.connection.close()
            elif fault == "solr":
                self._error(500, "Search Index Error", message="besedilo v jeziku portala")
            elif fault == "html":
                self._send(200, b"<html>starting</html>", "text/html")
            elif fault == "forbidden":
                self._error(403, "Authorization Error")
            else:
                self._send(int(fault), b"<h1>error</h1>", "text/html")
            return True

        def _error(self, status: int, kind: str, **fields: Any) -> None:
            self._send(status, json.dumps({"success": False, "error": {"__type": kind, **fields}}).encode())

        def _send(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _parse(content_type: str, body: bytes) -> tuple[dict[str, Any], tuple[str, bytes] | None]:
    if not content_type.startswith("multipart/"):
        return json.loads(body or b"{}"), None
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    data: dict[str, Any] = {}
    upload = None
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename():
            upload = (part.get_filename(), content)
        else:
            data[name] = content.decode()
    return data, upload
