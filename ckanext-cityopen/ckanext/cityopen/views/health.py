"""Health for supervisors and proxies: alive, and ready to serve with every part it needs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify

from ckanext.cityopen import readiness

__all__ = ["health"]

health = Blueprint("health", __name__, url_prefix="/health")


@health.route("/live")
def live() -> Any:
    """Answer as long as the process serves requests."""
    return jsonify({"status": "ok"})


@health.route("/ready")
def ready() -> Any:
    """Answer 200 when every part is there, else 503 with the parts that are not and why."""
    checks = readiness.check()
    reasons = {name: reason for name, reason in checks.items() if reason}
    body = {"status": "unavailable" if reasons else "ok", "checks": {name: not why for name, why in checks.items()}}
    response = jsonify({**body, "reasons": reasons})
    response.headers["Cache-Control"] = "no-store"
    return response, 503 if reasons else 200
