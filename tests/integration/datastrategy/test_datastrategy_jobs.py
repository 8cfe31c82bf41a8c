"""A change of a dataset queues one assessment of its organizations, after the transaction, and never in the request."""

from __future__ import annotations

import ckan.plugins.toolkit as tk
from ckan import model
from rq import SimpleWorker

from ckanext.datastrategy import jobs


def queued():
    """Organizations that wait for their assessment."""
    return sorted(job.args[0] for job in tk.get_job_queue().jobs if job.func_name.endswith("reassess_organization"))


def test_saving_queues_the_owner_once(people, ledger, make_dataset, system):
    dataset = make_dataset()
    system("package_patch", id=dataset["id"], notes="changed")
    assert queued() == [people.city["id"]]


def test_covered_cities_are_queued_too(people, ledger, make_dataset):
    make_dataset(covered_organizations=[people.city["id"], people.neighbor["id"]])
    assert queued() == sorted([people.city["id"], people.neighbor["id"]])


def test_deleting_queues(people, ledger, make_dataset, system):
    dataset = make_dataset()
    jobs.reassess_organization(people.city["id"])
    tk.get_job_queue().empty()
    system("package_delete", id=dataset["id"])
    assert queued() == [people.city["id"]]


def test_nothing_is_queued_before_the_transaction_ends(people, ledger, make_dataset):
    dataset = make_dataset()
    jobs.reassess_organization(people.city["id"])
    tk.get_job_queue().empty()
    jobs.note_change(dataset["id"])
    assert queued() == []
    model.Session.commit()
    assert queued() == [people.city["id"]]


def test_worker_assesses_and_lets_the_next_change_queue_again(people, ledger, make_dataset, system):
    dataset = make_dataset()
    queue = tk.get_job_queue()
    SimpleWorker([queue], connection=queue.connection).work(burst=True)
    board = system("datastrategy_board", organization_id="brezje")
    assert board["assessed_at"] is not None
    assert board["counts"]["met"] == 1
    system("package_patch", id=dataset["id"], notes="changed")
    assert queued() == [people.city["id"]]


def test_redis_that_is_down_keeps_nobody_from_saving(people, ledger, make_dataset, monkeypatch):
    from redis.exceptions import ConnectionError as RedisDown

    def refuse(*_args, **_kwargs):
        raise RedisDown

    monkeypatch.setattr(tk, "get_job_queue", refuse)
    assert make_dataset()["name"] == "odpadki"
