# Two commands: `make run` tries it, `make test` proves it. Each makes what it needs.

PYTHON ?= $(firstword $(foreach p,python3.13 python3 python3.12 python3.11,\
	$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV ?= .venv
PORT ?= 3000
BIN := $(VENV)/bin
SAM := $(VENV)-sam/bin/sam
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:

.PHONY: run test lint unit format lock clean help

run: $(VENV)/ready  ## start the receiver on an embedded DynamoDB and show it the sample webhooks
	@$(BIN)/python -m local.run --port $(PORT)

test: lint unit  ## everything that has to hold

lint: $(VENV)/ready $(VENV)-sam/ready  ## ruff, mypy, and the template against SAM's and CloudFormation's rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

unit: $(VENV)/ready  ## the tests alone
	$(BIN)/pytest -n auto

format: $(VENV)/ready  ## ruff's format and its safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock'
lock: $(VENV)/ready  ## resolve the *.in files anew; UPGRADE=--upgrade takes the newest versions
	$(LOCK) $(UPGRADE) layers/roomstate/requirements.in -o layers/roomstate/requirements.txt
	$(LOCK) $(UPGRADE) requirements/dev.in -o requirements/dev.txt
	$(LOCK) $(UPGRADE) requirements/sam.in -o requirements/sam.txt

clean:  ## forget what was installed and built
	rm -rf .venv* .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

# The project itself is found by a .pth file: no build, and an edit shows at once.
$(VENV)/ready: requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "roomstate needs Python 3.11 or newer; none was found." >&2; exit 1; }
	@echo "Installing into $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt
	@echo "$(CURDIR)/layers/roomstate" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/roomstate.pth"
	@touch $@

# aws-sam-cli pins its own boto3 and pydantic, so it lives apart.
$(VENV)-sam/ready: requirements/sam.txt
	@echo "Installing aws-sam-cli into $(VENV)-sam (once, about a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)-sam
	@$(VENV)-sam/bin/python $(PIP_INSTALL) -r requirements/sam.txt
	@touch $@
