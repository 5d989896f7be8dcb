# Thin names for what people type. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help course test lab site wheel lint environment

BIN := .venv/bin
CLASS := _build/class
LEARNERS := 14
SEED := 1
# What the grades depend on: with the same files, a class is not graded again.
SOURCES := $(shell find attn_course solutions -name '*.py' 2>/dev/null) requirements.txt scripts/course.sh

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

course: site $(CLASS)/grades.csv  ## the whole course: environment, exercises, site, and a class graded beside its true grades
	@$(BIN)/attn-course release
	@$(BIN)/attn-course class truth $(CLASS)
	@printf '\nOpen in a browser:\n'
	@printf '  the book             file://%s\n' '$(CURDIR)/_build/html/index.html'
	@for page in $$(ls -d $(CLASS)/feedback/*/*/*.html | tail -n 2); do \
		printf '  feedback, %s  file://%s\n' "$$(echo $$page | cut -d/ -f4)" "$(CURDIR)/$$page"; done
	@printf 'Grades as a table: %s. All feedback: %s/feedback/\n' '$(CLASS)/grades.csv' '$(CLASS)'

test: environment  ## the whole test suite
	$(BIN)/python -m pytest -n $$(($$($(BIN)/python -c 'import os; print(os.cpu_count())') + 1)) --dist loadfile --no-loadscope-reorder $(TESTS)

lab: environment  ## the exercises in JupyterLab, as copies in work/
	@scripts/lab.sh $(LAB)

site: environment  ## the book alone, into _build/html
	@echo 'Building the book: some minutes where pages have changed'
	@$(BIN)/jupyter-book build --quiet -W -n --keep-going .

wheel: environment  ## the course as one file in _build, for a hosted notebook service
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir _build .
	@rm -rf build
	@ls _build/attn_course-*.whl

lint: environment  ## ruff, stale exercises, stale requirements
	@$(BIN)/ruff check --output-format concise .
	@$(BIN)/attn-course release --check
	@$(BIN)/python scripts/export_requirements.py --check

environment:  ## .venv with the pinned packages; left alone where it is up to date
	@PYTHON='$(PYTHON)' scripts/environment.sh

$(CLASS)/grades.csv: $(SOURCES) | environment
	@scripts/course.sh $(CLASS) $(LEARNERS) $(SEED)
