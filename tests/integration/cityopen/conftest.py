"""The people and the ledger in memory are those of the strategy's tests; a visitor's client comes on top."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import ckan.plugins.toolkit as tk
import pytest
from ckan import model

_SHARED = Path(__file__).parents[1] / "datastrategy" / "conftest.py"
_spec = spec_from_file_location("datastrategy_fixtures", _SHARED)
assert _spec is not None and _spec.loader is not None
_fixtures = module_from_spec(_spec)
_spec.loader.exec_module(_fixtures)

portal, people, ledger = _fixtures.portal, _fixtures.people, _fixtures.ledger
act, system, make_dataset = _fixtures.act, _fixtures.system, _fixtures.make_dataset


@pytest.fixture
def token(people):
    """Makes an API token of a person and returns the header that carries it."""

    def token(name: str) -> dict[str, str]:
        made = tk.get_action("api_token_create")({"ignore_auth": True}, {"user": name, "name": "test"})
        return {"Authorization": made["token"]}

    return token


@pytest.fixture
def login(app, people):
    """Logs a person in on a page of their own: cookie and all, as a browser does."""

    def login(name: str) -> None:
        app.post("/user/_logout")
        user = model.User.get(name)
        user.password = "long-enough-1"
        model.Session.commit()
        app.post("/user/login", data={"login": name, "password": "long-enough-1"})

    return login
