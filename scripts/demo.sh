#!/usr/bin/env bash
# make demo: a fake provider, the proxy before it, some mixed load. No API key, nothing leaves this machine.
# The proxy stays up until Ctrl-C; DEMO_EXIT=1 ends after the load. DEMO_PORT chooses another port.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
need_build
has curl || debian curl

say 'building'
cargo build --locked --release -p llmtrace-server -p llmtrace-testkit --bins
folder=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

# wait_for WHAT COMMAND…: until it succeeds, for at most 15 s.
wait_for() {
    local what=$1 deadline=$((SECONDS + 15))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || { cat "$folder/proxy.log" >&2; die "$what did not come up"; }
        sleep 0.1
    done
}

target/release/fake-provider --port 0 >"$folder/provider" &
pids+=($!)
wait_for 'the fake provider' test -s "$folder/provider"
provider=$(head -n1 "$folder/provider")
port=${DEMO_PORT:-8080}
url=http://127.0.0.1:$port
LLMTRACE_LISTEN_ADDR=127.0.0.1:$port LLMTRACE_UPSTREAM_URL=$provider LLMTRACE_STORAGE__PATH=$folder/data \
    target/release/llmtrace-proxy 2>"$folder/proxy.log" &
pids+=($!)
wait_for 'the proxy' curl --noproxy '*' -sf -o "$folder/ready" "$url/readyz"
kill -0 "${pids[1]}" 2>/dev/null || { cat "$folder/proxy.log" >&2; die "the proxy did not start: is port $port taken? DEMO_PORT=9090 make demo"; }

say "load on $url"
# ask PATH JSON [HEADER…]
ask() {
    local path=$1 body=$2 headers=()
    shift 2
    for header in "$@"; do headers+=(-H "$header"); done
    curl --noproxy '*' -s -o "$folder/answer" -w "%{http_code}  $path  ${body:0:70}\n" -H 'content-type: application/json' \
        -H "x-llmtrace-session-id: demo" "${headers[@]}" -d "$body" "$url$path" || true
}
chat() { printf '{"model":"%s","stream":%s,"messages":[{"role":"user","content":"%s"}]}' "$1" "$2" "$3"; }
claude() { printf '{"model":"%s","stream":%s,"max_tokens":500,"messages":[{"role":"user","content":"%s"}]}' "$1" "$2" "$3"; }
for round in 1 2 3 4 5; do
    ask /v1/chat/completions "$(chat gpt-4o-mini false "What is a proxy? ($round)")" 'x-llmtrace-agent-id: support'
    ask /v1/chat/completions "$(chat gpt-4o true "Tell me a story ($round)")" 'x-llmtrace-agent-id: writer'
    ask /v1/messages "$(claude claude-sonnet-4-5 true "Summarise this ($round)")" 'anthropic-version: 2023-06-01'
    ask /v1/messages "$(claude claude-haiku-4-5 false "Translate this ($round)")" 'anthropic-version: 2023-06-01'
    ask /v1/embeddings '{"model":"text-embedding-3-small","input":"a sentence"}' 'x-llmtrace-agent-id: search'
done
ask /v1/chat/completions "$(chat error-429 false 'too fast')"
ask /v1/chat/completions "$(chat error-500 false 'bad luck')"
ask /v1/chat/completions "$(chat gpt-4o+reset-mid-stream true 'cut off')"

# The last exchange is stored a moment after its answer.
stored() { curl --noproxy '*' -sf "$url/api/v1/spans?limit=200&session_id=demo" | grep -o '"span_id"' | wc -l | grep -qx 28; }
wait_for 'the last span' stored
say 'recorded'
echo "newest spans    curl -s '$url/api/v1/spans?limit=5'"
echo "traces          curl -s '$url/api/v1/traces'"
echo "health          curl -s $url/health"
echo "metrics         curl -s $url/metrics"
[ -z "${DEMO_EXIT:-}" ] || exit 0
echo
echo "The proxy stays up: base URL $url/v1 (OpenAI) or $url (Anthropic). Ctrl-C ends it and removes what it recorded."
wait "${pids[1]}"
