"""The delivery route: who may send, what is refused before a byte is read, what the answer says."""

from __future__ import annotations

from dataclasses import replace

from cityharvest import api

ADDRESS = "/api/cityopen/v1/mandates/poraba/deliveries/2026-10"
BODY = b"meter_id;zone;ts;usage_kwh\r\n"


def send(app, headers, **more):
    return app.post(ADDRESS, data=BODY, headers=headers, content_type="text/csv", **more)


def error_of(answer):
    error = answer.json["error"]
    assert set(error["message"]) == {"sl", "en"}
    assert all(error["message"].values())
    return error["code"], answer.status_code


def test_a_sender_s_file_arrives_byte_for_byte(app, ledger, token, people):
    ledger.deliveries["delivery-1"] = replace(ledger.deliveries["delivery-1"], sha256=None)
    answer = send(app, {**token("sender"), "X-Checksum-SHA256": "ab"})
    assert answer.status_code == 201
    assert ledger.calls == [("receive", "poraba", "2026-10", people.users["sender"]["id"], BODY)]
    assert answer.json["delivery"]["url"].endswith("/deliveries/delivery-1")


def test_the_same_bytes_again_are_answered_with_200(app, ledger, token, monkeypatch):
    kept = replace(ledger.deliveries["delivery-1"], sha256="0" * 64)
    monkeypatch.setitem(ledger.deliveries, "delivery-1", kept)
    answer = send(app, token("sender"))
    assert (answer.status_code, answer.json["unchanged"]) == (200, True)


def test_without_a_token_nothing_is_read(app, ledger):
    answer = send(app, {})
    assert error_of(answer) == ("token-missing", 401)
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert ledger.calls == []


def test_a_login_is_no_token(app, ledger, login):
    login("sender")
    assert error_of(send(app, {})) == ("token-missing", 401)
    assert error_of(send(app, {"Authorization": "made-up"})) == ("token-missing", 401)
    assert ledger.calls == []


def test_only_a_sender_of_the_company_sends(app, ledger, token):
    for name in ("member", "officer", "dpo", "other-sender", "the-sysadmin"):
        assert error_of(send(app, token(name))) == ("not-a-sender", 403), name
    assert ledger.calls == []


def test_a_form_is_refused_before_it_is_parsed(app, ledger, token):
    answer = app.post(ADDRESS, data={"upload": "x"}, headers=token("sender"))
    assert error_of(answer) == ("raw-body-expected", 415)
    assert ledger.calls == []


def test_an_unknown_mandate_is_404(app, ledger, token):
    answer = app.post(
        "/api/cityopen/v1/mandates/nothing/deliveries/2026-10",
        data=BODY,
        headers=token("sender"),
        content_type="text/csv",
    )
    assert error_of(answer) == ("mandate-unknown", 404)


REFUSALS = (
    (api.errors.StateError("delivery-in-progress", period="2026-10", state="checked"), 409),
    (api.errors.ReceiveRefused("checksum-mismatch", expected="a", found="b"), 422),
    (api.errors.ReceiveRefused("delivery-too-large", max_bytes=5), 413),
    (api.errors.StorageUnavailable(), 503),
)


def test_a_refusal_of_the_ledger_has_its_status_and_both_languages(app, ledger, token, monkeypatch):
    header = token("sender")
    for error, status in REFUSALS:

        def refuse(*_arguments, error=error, **_named):
            raise error

        monkeypatch.setattr(api, "receive", refuse)
        answer = send(app, header)
        assert error_of(answer) == (error.code, status)
        assert answer.json["error"]["category"] == str(error.category)
        assert ("Retry-After" in answer.headers) == (status == 503)
