# contingency.infra: what people run by name. `make` alone lists it.
#
# Everything that is made lies in .venv, .venv-next, .venv-beside, .cache and build, all git-ignored. Each
# target can be run again after it was killed half-way: environments carry a stamp that is
# written last, copies and results are made anew, the lab is idempotent.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m

export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Without bytecode each start of ansible compiles itself again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.* ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.* ## (.*)/  make \1|\2/' | column -t -s '|'

# --- environments ---------------------------------------------------------------------------

.PHONY: venv venv-test venv-next venv-beside apt apt-python apt-guest link
venv: apt-python link ## the Python environment of lab and drill
	@$(PYTHON) tools/venv.py runtime

venv-test: apt-python link ## the same with the test tools on top
	@$(PYTHON) tools/venv.py test

venv-next: apt-python link ## the newer ansible-core, where an interpreter for it is found
	@$(PYTHON) tools/venv.py next || test $$? -eq 3

venv-beside: apt-python link ## other recorders of runs: ansible-runner and ARA
	@$(PYTHON) tools/venv.py beside

# On a bare Debian machine python3 comes without the means to make an environment.
apt-python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(PYTHON) tools/apt.py venv

apt: ## the Debian packages that start lab machines
	@$(PYTHON) tools/apt.py lab

apt-guest: ## the Debian package that starts the bonding guest
	@$(PYTHON) tools/apt.py guest

link:
	@$(PYTHON) tools/collection_link.py

# A site's own lab machines are reached without root.
.PHONY: root install
root:
	@if [ "$$(id -u)" -ne 0 ] && [ -z "$${CONTINGENCY_LAB_INVENTORY:-}" ]; then \
	  echo "make $(firstword $(MAKECMDGOALS)) starts lab machines and needs root: run it as root." >&2; exit 1; fi

install: venv-test venv-next venv-beside apt apt-guest

# --- the lab --------------------------------------------------------------------------------

.PHONY: lab lab-destroy lab-purge drill
lab: root venv apt ## start the lab; a lab that is running stays as it is
	@rm -f build/molecule-owns-the-lab
	@$(RUN) lab up

lab-destroy: root venv ## take the lab down, also what is left of a crashed one
	@$(RUN) lab down
	@rm -f build/molecule-owns-the-lab

lab-purge: root venv ## take the lab down and remove its cached root file systems
	@$(RUN) lab purge
	@rm -f build/molecule-owns-the-lab

drill: root venv apt ## kill core-a, then a database, then mains, damage a backup; run the playbooks, bring all back; see README.md
	@$(RUN) lab.drill

# --- checks ---------------------------------------------------------------------------------

.PHONY: test test-lab lint unit unit-old unit-next unit-old-slice unit-next-slice devices devices-slice outages sanity sanity-old sanity-next sanity-next-slice docs-check build beside molecule lab-test lab-test-slice faults
test: root venv ## linters, sanity, unit tests and Molecule, with the time each part took
	@$(RUN) tools.checks

test-lab: root venv ## the newer ansible-core, fake devices, random outages, and the tests within the lab
	@$(RUN) tools.checks lab $(AFTER)

lint: venv-test ## ansible-lint, ruff, mypy, yamllint
	@$(RUN) tools.lint

unit: unit-old unit-next ## unit tests on both ansible-core versions

unit-old: venv-test
	@$(RUN) tools.pytest_part unit-2.19 tests/unit -n 2 $(UNIT_OPTIONS)

unit-next: venv-next
	@if [ -x .venv-next/bin/python ]; then .venv-next/bin/python -m tools.pytest_part unit-2.21 tests/unit -n 2 $(UNIT_OPTIONS); \
	else $(PYTHON) -m tools.skip unit-2.21 "unit tests on ansible-core 2.21: no Python 3.12 or newer was found"; fi

# The platforms are tested against fake devices, through Netmiko and real SSH: nine tenths of the time, and nothing in it
# meets ansible-core. `make unit` runs them on both versions; `make test` leaves them to the tests within the lab.
# Random outages: a tenth of the instances here, all of them there.
DEVICES := tests/unit/fakes tests/unit/switch/platforms
# What takes the time and nowhere meets ansible-core.
ONLY_OLD_next := $(addprefix tests/unit/,shutdown restore ups take host_off \
  $(addprefix notice/test_,outbox.py servers.py webhooks.py))
unit-old-slice unit-next-slice: unit-%-slice:
	@CONTINGENCY_EXAMPLES=0.1 $(MAKE) unit-$* UNIT_OPTIONS="$(addprefix --ignore=,$(DEVICES) $(ONLY_OLD_$*))"

devices: venv-test ## each platform against its fake device
	@$(RUN) tools.pytest_part devices $(DEVICES) -n 2

# Half of the platforms; `make devices` has them all.
devices-slice: venv-test
	@$(RUN) tools.pytest_part devices $(DEVICES) -n 2 \
	  $(patsubst %,--ignore=tests/unit/switch/platforms/test_%.py,huawei_vrpv8 cisco_nxos arista_eos ruijie_os)

outages: venv-test ## the planner on more than 2,000 random outages
	@$(RUN) tools.pytest_part outages tests/unit/shutdown -n 2

sanity: sanity-old sanity-next ## ansible-test sanity on both ansible-core versions

sanity-old: venv-test
	@$(RUN) tools.sanity sanity-2.19

# Half of the time is pylint, which sees the same on both versions: `make test` runs it on the older one.
sanity-next-slice:
	@$(MAKE) sanity-next SANITY_OPTIONS="--skip-test pylint"

sanity-next: venv-next
	@if [ -x .venv-next/bin/python ]; then .venv-next/bin/python -m tools.sanity sanity-2.21 $(SANITY_OPTIONS); \
	else $(PYTHON) -m tools.skip sanity-2.21 "sanity on ansible-core 2.21: no Python 3.12 or newer was found"; fi

docs-check: venv-test ## documentation of modules and roles, as antsibull-docs reads it
	@$(RUN) tools.docs_check

build: venv-test ## the Galaxy tarball, judged by Galaxy's importer
	@$(RUN) tools.build

beside: venv-test venv-beside ## the journal beside ansible-runner and ARA
	@$(RUN) tools.pytest_part beside tests/beside

# Within the lab: what the lab promises, and what the playbooks do when things break.
lab-test: root venv-test apt apt-guest ## tests that need the lab
	@$(RUN) tools.pytest_part lab-test $(or $(wildcard tests/lab tests/faults),tests/lab)

# What a failover, a loss of mains and a restore test touch, and of the matrices (every step of a rejoin and of a
# promotion, MariaDB, each fault of the lab's servers, every switch whose session is cut, UPSes that lie, moments of a
# kill, damaged backups, refusals without an approval) what stands for the rest; a staged shutdown is one of Molecule's. `make lab-test` and `make faults` have
# them all, and the pages in Chromium, whose root file system alone takes minutes.
LEFT_OUT := postgresql/test_rejoin.py postgresql/test_promote.py mariadb/test_promote.py mariadb/test_rejoin.py \
  test_standby_mariadb.py $(addprefix engine/test_lab_,databases.py power.py servers.py) ups shutdown test_staged_watch.py \
  test_escalate_timer.py test_standby_rejoin.py test_staged_mains.py test_staged_switches.py test_server_uplink_ovs.py test_core_switch_logins.py \
  $(addprefix restore/,postgresql test_ground.py test_isolation_neighbors.py test_mariadb.py test_repositories.py) \
  test_backup_role.py address test_report_page.py test_board_page.py \
  test_document_pages.py test_approval.py \
  $(patsubst tests/lab/%,%,$(filter-out %/test_killed.py,$(wildcard tests/lab/take/test_*.py)))
LEFT_OUT_TESTS := session_cut or core-x-True or standby_machine_that_is_off or cold_standby \
  or short_ups or middle_of_a_stage or hangs_is_forced or falls_silent or that_is_taken_stops or a_dead_switch_and \
  or show_what_a_run_sends or nothing[pgbackrest] or copy_do_not_run or starts_a_replica or time[pg_basebackup] \
  or nobody-False or a_move_is_shown_first or opened_by_two_others or shown_once_on or altered_record_is_told_and \
  or the_incident_has_the_approval or ends_with_the_plan or what_decides_over or approval_lets_the_timer \
  or cannot_be_looked_at or (test_drill and (killed or second_moderator or marked_as_part or no_secret)) \
  or nearly_full or stopped_standby_server or stranger_answers or service_that_is_stopped or old_backups_and \
  or judges_the_same or wrong_password_of_the_bmc or full_disk_of_the or replay_is_paused or wrong_way_round \
  or whole-gzip or emptied-before or plain-sick or no-segment or loss_of_asynchronous or save_that_fails_is \
  or standby_that_cannot_be_read or up_works_after or neither_loses_nor or was_interrupted or killed_server_process \
  or (approval and (rejoin or switchover or check_mode)) or stages_go_by_age \
  or promote_and_back_by_playbook or time[pg_dump] or healthy_site_ends_well or planned_move_interrupts \
  or not_heard_is_refused or killed_workers or refused_in_the_middle or half-with-a-last or basebackup-tar-0 \
  or two_at_once_send or finishes_what_it_has or while_a_server_hangs or outlives_the_session or a_stranger_is_refused \
  or nobody_can_read_shut or that_hangs_blocks_nobody or middle_gives_the_service
lab-test-slice: root venv-test apt apt-guest
	@CONTINGENCY_KILLS=1 CONTINGENCY_RESTORE=slice $(RUN) tools.pytest_part lab-test tests/lab tests/faults \
	  $(addprefix --ignore=tests/lab/,$(LEFT_OUT)) -k "not ($(LEFT_OUT_TESTS))"

faults: root venv-test apt ## the controller is killed at 20 moments of each procedure; shows the longest gap of each
	@CONTINGENCY_KILLS=20 $(RUN) tools.pytest_part faults -s tests/faults

molecule: root venv-test apt ## the Molecule scenarios, in the lab or on a site's own lab machines
	@$(RUN) tools.molecule_part

role-readme: venv-test ## README.md of the roles, from their argument_specs and defaults
	@$(RUN) tools.role_readme

changelog: venv-test ## CHANGELOG.md from changelogs/fragments, for the version in galaxy.yml
	@PATH="$(CURDIR)/$(BIN):$$PATH" antsibull-changelog release --update-existing --refresh-fragments

# --- measurements ---------------------------------------------------------------------------

# tests/bench/NAME.py writes build/bench/NAME.json with flat keys.
.PHONY: bench
bench: root venv apt ## everything that is measured, as one table
	@$(RUN) tools.bench

bench-%: root venv apt ## one part of it: bench-switch, bench-standby, bench-ups, bench-restore, bench-journal, bench-report
	@$(RUN) tools.bench $*

# --------------------------------------------------------------------------------------------

.PHONY: clean changelog role-readme
clean: ## remove what was built; the environments, caches and the lab stay
	@rm -rf build .ansible
