# CityOpen. `make` alone shows what there is; every target is one line that can be typed as well.
PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help up down status logs doctor reset compose-env lock test test-long lint types arch unit integration e2e bench evidence

help: ## this list
	@echo "CityOpen: open data of municipalities, on CKAN"
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Choices: CITYOPEN_PORT=5000  CITYOPEN_DATA=.cityopen  DEMO=0 (an empty portal)  PYTHON=python3.12"

up: ## start the portal with its services (the first time it installs everything)
	@$(PYTHON) deployment/up.py up
down: ## stop everything; the data stays
	@$(PYTHON) deployment/up.py down
status: ## what runs, and how much memory it takes
	@$(PYTHON) deployment/up.py status
logs: ## the end of the logs (NAME=web for one of them)
	@$(PYTHON) deployment/up.py logs
doctor: ## what this machine has, and what is wrong
	@$(PYTHON) deployment/up.py doctor
reset: ## drop all data, keep the downloads (needs YES=1)
	@$(PYTHON) deployment/up.py reset
compose-env: ## write random secrets for docker-compose.yml into .env, once
	@$(PYTHON) deployment/compose_env.py
lock: ## resolve the locked requirements anew (needs uv)
	@deployment/lock.sh

test: ## all tests: unit, integration on real services, browser where Chromium is
	@$(PYTHON) deployment/checks.py test
test-long: ## the tests that take minutes
	@$(PYTHON) deployment/checks.py test-long
lint: ## style
	@$(PYTHON) deployment/checks.py lint
types: ## mypy and pyright
	@$(PYTHON) deployment/checks.py types
arch: ## import order, sizes, what is in the wheel
	@$(PYTHON) deployment/checks.py arch
unit: ## tests of the pure packages, without CKAN
	@$(PYTHON) deployment/checks.py unit
integration: ## tests on PostgreSQL, Redis, Solr and CKAN
	@$(PYTHON) deployment/checks.py integration
e2e: ## browser tests
	@$(PYTHON) deployment/checks.py e2e
bench: ## measurements against named peers
	@$(PYTHON) deployment/checks.py bench
evidence: ## known answers, attacks, guards, releases to recount, benchmarks (under 10 minutes)
	@$(PYTHON) deployment/checks.py evidence
