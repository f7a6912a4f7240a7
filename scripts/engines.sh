#!/usr/bin/env bash
# Throw-away engines for tests: PostgreSQL, Redis, and ClickHouse in its current version and the oldest that tests run with, on free
# loopback ports, with their data below one folder in the folder for temporary files. Durability is off: nothing here outlives a run.
#   eval "$(scripts/engines.sh start)"      starts them, and sets LLMTRACE_TEST_{CLICKHOUSE,CLICKHOUSE_OLD,POSTGRES,REDIS}_URL
#   scripts/engines.sh stop [FOLDER]        ends them and removes their folder (default: $LLMTRACE_TEST_ENGINES, which start sets)
# A variable that is set already names a server of your own: that engine is not started.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# wait_for NAME COMMAND…: until it succeeds; after 60 s, or when NAME's process has ended, what NAME said.
wait_for() {
    local name=$1 end=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$(cat "$dir/$name.pid")" 2>/dev/null; then
            cat "$dir/$name.log" >&2
            stop "$dir"
            die "$name did not start"
        fi
        sleep 0.05
    done
}

# background NAME COMMAND…: in a session of its own, so that Ctrl-C reaches only the script, which then stops them in order.
background() {
    local name=$1
    shift
    setsid "$@" >"$dir/$name.log" 2>&1 </dev/null &
    echo $! >"$dir/$name.pid"
}

start_postgres() {
    local bin port as=()
    bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null | sort -V | tail -1 || true)")
    [ -x "$bin/postgres" ] || bin=$(dirname "$(command -v postgres || die "postgres is missing: scripts/setup-test.sh installs it")")
    port=$(free_port)
    mkdir "$dir/postgres"
    # The server refuses to run as root. Debian's package brings the user.
    if [ "$(id -u)" = 0 ]; then
        as=(setpriv --reuid=postgres --regid=postgres --clear-groups env -i "PATH=$PATH")
        chown postgres "$dir/postgres"
    fi
    "${as[@]}" "$bin/initdb" -D "$dir/postgres/data" -U llmtrace --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; die "initdb failed"; }
    background postgres "${as[@]}" "$bin/postgres" -D "$dir/postgres/data" -p "$port" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories="$dir/postgres" -c max_connections=300 -c shared_buffers=32MB \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off
    postgres=postgres://llmtrace@127.0.0.1:$port/postgres
    ready+=("postgres $bin/pg_isready -q -h 127.0.0.1 -p $port")
}

start_redis() {
    local port
    port=$(free_port)
    has redis-server || die "redis-server is missing: scripts/setup-test.sh installs it"
    background redis redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir"
    redis=redis://127.0.0.1:$port/
    ready+=("redis redis-cli -p $port ping")
}

# start_clickhouse NAME VENV: says its port once it listens.
start_clickhouse() {
    local name=$1 python=$ROOT/$2/bin/python
    [ -x "$python" ] || die "$2 is missing: scripts/setup-test.sh makes it"
    background "$name" "$python" "$ROOT/scripts/clickhouse_http.py" --path "$dir/$name" --port 0
    ready+=("$name grep -q ^ready $dir/$name.log")
}

clickhouse_url() { echo "http://default@127.0.0.1:$(awk '/^ready/ { print $2 }' "$dir/$1.log")"; }

start() {
    dir=$(mktemp -d "${TMPDIR:-/tmp}/llmtrace-engines.XXXXXX")
    chmod 755 "$dir"
    # Whatever keeps one from starting ends the others.
    trap 'stop "$dir"' ERR
    ready=()
    clickhouse=${LLMTRACE_TEST_CLICKHOUSE_URL:-} old=${LLMTRACE_TEST_CLICKHOUSE_OLD_URL:-}
    postgres=${LLMTRACE_TEST_POSTGRES_URL:-} redis=${LLMTRACE_TEST_REDIS_URL:-}
    [ -n "$clickhouse" ] || start_clickhouse clickhouse .venv-clickhouse
    [ -n "$old" ] || start_clickhouse clickhouse-old .venv-clickhouse-25
    [ -n "$redis" ] || start_redis
    [ -n "$postgres" ] || start_postgres
    for line in "${ready[@]}"; do
        # Names and ports of ours: no blanks in any.
        wait_for $line
    done
    [ -n "$clickhouse" ] || clickhouse=$(clickhouse_url clickhouse)
    [ -n "$old" ] || old=$(clickhouse_url clickhouse-old)
    echo "export LLMTRACE_TEST_CLICKHOUSE_URL='$clickhouse'"
    echo "export LLMTRACE_TEST_CLICKHOUSE_OLD_URL='$old'"
    echo "export LLMTRACE_TEST_POSTGRES_URL='$postgres'"
    echo "export LLMTRACE_TEST_REDIS_URL='$redis'"
    echo "export LLMTRACE_TEST_ENGINES='$dir'"
}

stop() {
    local pids=() file
    for file in "$1"/*.pid; do
        [ ! -e "$file" ] || pids+=("$(cat "$file")")
    done
    # SIGINT is PostgreSQL's word for an end that waits for nobody's connection; a background process of Python or Redis wants SIGTERM.
    for file in "$1"/*.pid; do
        [ ! -e "$file" ] || kill "$([ "$(basename "$file")" = postgres.pid ] && echo -INT || echo -TERM)" "$(cat "$file")" 2>/dev/null || true
    done
    for _ in $(seq 100); do
        [ "${#pids[@]}" != 0 ] && kill -0 "${pids[@]}" 2>/dev/null || break
        sleep 0.05
    done
    [ "${#pids[@]}" = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
    rm -rf "$1"
}

case ${1:-} in
    start) start ;;
    stop)
        folder=${2:-${LLMTRACE_TEST_ENGINES:-}}
        case $(basename "$folder") in
            llmtrace-engines.*) stop "$folder" ;;
            *) die "no engines in '$folder': give the folder that start made" ;;
        esac
        ;;
    *) die "usage: scripts/engines.sh start | stop [FOLDER]" ;;
esac
