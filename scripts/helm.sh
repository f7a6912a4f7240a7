#!/usr/bin/env bash
# The chart in deployments/helm/llmtrace. Installs into .venv-helm, and for `all` scripts/requirements-helm-scan.txt into
# .venv-helm-scan.
# Usage: scripts/helm.sh [all]      every test                                          (make test-helm)
#        scripts/helm.sh smoke      those that `make test` runs
#        scripts/helm.sh generate   writes README.md and the generated part of values.schema.json
#        scripts/helm.sh test …     pytest's own arguments, such as -k guide
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
need_helm
python=$ROOT/.venv-helm/bin/python
run_tests() { (cd e2e/helm && "$python" -m pytest --color=no "$@"); }

case ${1:-all} in
all)
    install_requirements "$ROOT/.venv-helm-scan" scripts/requirements-helm-scan.txt
    timed 'Helm chart' 900 run_tests -q
    ;;
smoke) run_tests -q -m smoke ;;
generate) "$python" scripts/helm_generate.py ;;
test) run_tests "${@:2}" ;;
*) die "unknown word $1: see the head of scripts/helm.sh" ;;
esac
