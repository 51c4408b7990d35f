# Two commands: `make run` tries it, `make test` proves it. Each makes what it needs.

PYTHON ?= $(firstword $(foreach p,python3.13 python3 python3.12 python3.11,\
	$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV ?= .venv
PORT ?= 3000
URL ?= http://127.0.0.1:$(PORT)/webhook
FUZZ_SECONDS ?= 60
BIN := $(VENV)/bin
SAM := $(VENV)-sam/bin/sam
TOOLS := sam checkov audit fuzz e2e browser
# A lock file is whole: nothing is left to resolve, which old versions of pip cannot do with hashes and extras.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all:

# A room's id is a stranger's: it reaches the program as it is, past make and the shell.
option = $(if $(value $(1)),--$(2)='$(subst ','\'',$(value $(1)))')
unexport ROOM

# The emulator runs functions as Lambda does: packaged for Linux and Python 3.13.
E2E := $(shell python3.13 -c 'import sys; sys.exit(sys.platform != "linux")' 2>/dev/null && echo e2e)

# The console is tested in a browser where there is one.
BROWSER := $(if $(shell command -v chromium || command -v chromium-browser || command -v google-chrome || command -v google-chrome-stable),browser)

.PHONY: run console send ghost replay rebuild sweep reconcile upgrade test lint unit e2e no-e2e browser no-browser screenshot bench load audit fuzz format lock clean help

run: $(VENV)/ready  ## start the receiver and its console on an embedded DynamoDB and show it the sample webhooks
	@$(BIN)/python -m local.commands.run --port $(PORT)

console: $(VENV)/ready  ## look at the rooms of a deployed table, read-only: TABLE=… APP=…; or ARGS=--help
	@$(BIN)/python -m local.commands.console $(call option,TABLE,table) $(call option,APP,app) --port $(PORT) $(ARGS)

send: $(VENV)/ready  ## post the samples, or FILE=…, to a receiver; ARGS="--twice --shuffle --late", or --help
	@$(BIN)/python -m local.commands.send --url '$(URL)' $(ARGS) $(FILE)

ghost: $(VENV)/ready  ## show a ghost come and go: a webhook is lost, and a reconciliation heals it, on a simulated Tencent
	@$(BIN)/python -m local.commands.ghost

replay: $(VENV)/ready  ## forward records again, from the log: TABLE=… BUS=… APP=… ROOM=… FROM=… TO=…; ARGS=--dry-run, or --help
	@$(BIN)/python -m local.commands.replay $(call option,TABLE,table) $(call option,BUS,bus) $(call option,APP,app) \
		$(call option,ROOM,room) $(call option,FROM,from) $(call option,TO,to) $(ARGS)

rebuild: $(VENV)/ready  ## rebuild a room's registers from its log, and show what differs: TABLE=… APP=… ROOM=…
	@$(BIN)/python -m local.commands.rebuild $(call option,TABLE,table) $(call option,APP,app) $(call option,ROOM,room) $(ARGS)

sweep: $(VENV)/ready  ## delete what the end of a room voided, where the stack's own sweep failed: TABLE=… APP=… ROOM=…
	@$(BIN)/python -m local.commands.sweep $(call option,TABLE,table) $(call option,APP,app) $(call option,ROOM,room) $(ARGS)

reconcile: $(VENV)/ready  ## ask Tencent about each live room, or ROOM=…, and assert what differs: TABLE=… APP=… PARAMETER=… BUS=…; ARGS=--dry-run
	@$(BIN)/python -m local.commands.reconcile $(call option,TABLE,table) $(call option,APP,app) $(call option,ROOM,room) \
		$(call option,PARAMETER,parameter) $(call option,BUS,bus) $(ARGS)

upgrade: $(VENV)/ready  ## give the rooms of a table from before 0.2 their lives (docs/upgrading.md): TABLE=…; ARGS=--dry-run
	@$(BIN)/python -m local.commands.upgrade $(call option,TABLE,table) $(ARGS)

test: lint unit $(or $(BROWSER),no-browser) $(or $(E2E),no-e2e)  ## every check and every test

lint: $(VENV)/ready $(VENV)-sam/ready $(VENV)-checkov/ready  ## ruff, mypy; sam validate, cfn-lint and checkov on the template
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template examples/consumer/template.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template benchmarks/typical/template.yaml
	$(VENV)-checkov/bin/checkov --framework cloudformation --file template.yaml --compact --quiet --skip-download

unit: $(VENV)/ready  ## run only the tests
	$(BIN)/pytest -n auto

EMULATED = SAM=$(SAM) $(BIN)/python -m e2e.emulator $(VENV)-e2e/bin/ministack
e2e: $(VENV)/ready $(VENV)-sam/ready $(VENV)-e2e/ready  ## test the stack, deployed to a local AWS; needs Linux, and Python 3.13 on the PATH
	$(EMULATED) 1500 $(BIN)/pytest -s tests/aws/test_store.py tests/aws/test_lives.py tests/aws/test_reader.py tests/sweep e2e

no-e2e:
	@echo "NOT TESTED: the deployed stack (make e2e). That takes Linux, and Python 3.13 on the PATH."

IN_BROWSER = PYTHONPATH=layers/roomstate $(VENV)-browser/bin/python -m
browser: $(VENV)-browser/ready  ## test the console in a Chromium of this machine
	$(IN_BROWSER) pytest -n 2 browser

no-browser:
	@echo "NOT TESTED: the console in a browser (make browser). That takes chromium or google-chrome on the PATH."

screenshot: $(VENV)-browser/ready  ## make docs/console.png anew
	$(IN_BROWSER) browser.screenshot docs/console.png

bench: $(VENV)/ready $(VENV)-sam/ready $(VENV)-e2e/ready  ## measure every figure of the README's performance section again, or ARGS='--only "One room"'; needs what e2e needs
	$(EMULATED) 10800 $(BIN)/python -m benchmarks.run $(ARGS)
	@$(if $(ARGS),,$(BIN)/python -m benchmarks.scale)

load: $(VENV)/ready $(VENV)-sam/ready $(VENV)-e2e/ready  ## send 20,000 webhooks twice, shuffled, to the stack on a local AWS that fails for a while; ARGS="--count 2000", or --help
	$(EMULATED) 10800 $(BIN)/python -m e2e.load $(ARGS)

audit: $(VENV)/ready $(VENV)-audit/ready  ## look for known vulnerabilities in what is deployed and in what the tests use
	$(BIN)/python -m local.commands.audit $(VENV)-audit/bin/pip-audit layers/roomstate/requirements.txt \
		layers/dependencies/requirements.txt requirements/dev.txt

fuzz: $(VENV)-fuzz/ready  ## run a coverage-guided fuzzer on the whole function, for FUZZ_SECONDS=60
	PYTHONPATH=layers/roomstate $(VENV)-fuzz/bin/python -m fuzz.handler $(VENV)-fuzz/found -max_total_time=$(FUZZ_SECONDS)

format: $(VENV)/ready  ## ruff's format and its safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command 'make lock'
lock: $(VENV)/ready  ## resolve the *.in files anew; UPGRADE=--upgrade takes the newest versions
	for layer in roomstate dependencies; do \
		$(LOCK) $(UPGRADE) layers/$$layer/requirements.in -o layers/$$layer/requirements.txt; done
	$(LOCK) $(UPGRADE) requirements/dev.in -o requirements/dev.txt
	$(LOCK) $(UPGRADE) benchmarks/typical/requirements.in -o benchmarks/typical/requirements.txt
	for tool in $(TOOLS); do $(LOCK) $(UPGRADE) requirements/$$tool.in -o requirements/$$tool.txt; done

clean:  ## remove what was installed and built
	rm -rf .venv* .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

# The project itself is found by a .pth file: no build, and an edit shows at once.
$(VENV)/ready: requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "roomstate needs Python 3.11 or newer; none was found." >&2; exit 1; }
	@echo "Installing into $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt
	@echo "$(CURDIR)/layers/roomstate" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/roomstate.pth"
	@touch $@

# Tools that pin what the project pins otherwise live apart, one environment each.
$(TOOLS:%=$(VENV)-%/ready): $(VENV)-%/ready: requirements/%.txt
	@echo "Installing $* into $(VENV)-$* (once, about a minute) ..."
	@$(PYTHON) -m venv --clear $(VENV)-$*
	@$(VENV)-$*/bin/python $(PIP_INSTALL) -r requirements/$*.txt
	@touch $@

$(VENV)-e2e/ready: override PYTHON := python3.13
