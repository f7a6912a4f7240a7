#!/usr/bin/env bash
# make image: builds llmtrace-proxy:VERSION from the Dockerfile, with docker, podman or buildah, whichever is here.
#   scripts/image.sh [build] [TAG]   TAG: default llmtrace-proxy:<the workspace's version>
#   scripts/image.sh test            make test-image: builds it on stand-ins for its base images (scripts/image_bases.sh), and runs it for
#                                    real, against PostgreSQL, Redis and ClickHouse (e2e/image). Needs root. What it makes is below
#                                    $CARGO_TARGET_DIR/image; LLMTRACE_IMAGE_PROGRAM=FILE takes a built program instead of building one.
#   scripts/image.sh clean           removes that
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"

HERE=${CARGO_TARGET_DIR:-$ROOT/target}/image
version=$(awk -F '"' '/^\[workspace.package\]/ { on = 1 } on && /^version/ { print $2; exit }' Cargo.toml)

arguments() {
    local revision created
    revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
    # The commit's time, so that the same sources make the same labels.
    created=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2>/dev/null || echo 1970-01-01T00:00:00Z)
    printf -- '--build-arg\nVERSION=%s\n--build-arg\nREVISION=%s\n--build-arg\nCREATED=%s\n' "$version" "$revision" "$created"
}

build() {
    local tag=${1:-llmtrace-proxy:$version} arguments
    mapfile -t arguments < <(arguments)
    if has docker; then
        docker build "${arguments[@]}" -t "$tag" .
    elif has podman; then
        # The OCI format has no place for a health check.
        podman build --format docker "${arguments[@]}" -t "$tag" .
    elif has buildah; then
        buildah bud --format docker "${arguments[@]}" -t "$tag" .
    else
        die "docker, podman or buildah is missing"
    fi
    say "built $tag"
}

skip() { printf '\nSKIP: the image is not tested: %s\n' "$*"; exit 0; }

# The stage that runs alone, over a program that was built elsewhere: a context of its own, without the stages before.
prebuilt() {
    local context=$HERE/prebuilt
    rm -rf "$context"
    mkdir -p "$context/out/usr/local/bin" "$context/out/usr/share/doc/llmtrace-proxy" "$context/out/var/lib/llmtrace"
    cp "$LLMTRACE_IMAGE_PROGRAM" "$context/out/usr/local/bin/llmtrace-proxy"
    python3 scripts/sbom.py >"$context/out/usr/share/doc/llmtrace-proxy/sbom.cdx.json"
    cp -r --parents LICENSE-MIT LICENSE-APACHE deployments/image "$context"
    awk '/^FROM/ { stage = ""; started = 1 } !started { print; next } { stage = stage $0 "\n" }
        END { printf "FROM scratch AS rust\nCOPY out /out\n%s", stage }' Dockerfile >"$context/Dockerfile"
    echo "$context"
}

test_image() {
    [ "$(id -u)" = 0 ] || skip "only root can build and run containers here"
    for tool in buildah podman runc debootstrap; do
        has "$tool" || debian buildah podman runc debootstrap catatonit || skip "$tool is missing and could not be installed"
    done
    scripts/setup-test.sh
    need_helm
    mkdir -p "$HERE"
    install_requirements "$HERE/venv" e2e/image/requirements.txt
    # A storage of its own: nothing of the user's is touched, and all of it goes at once.
    export LLMTRACE_IMAGE_STORAGE=$HERE/storage
    driver=overlay
    try=$(mktemp -d "$HERE/overlay.XXXXXX")
    mkdir "$try/lower" "$try/upper" "$try/work" "$try/merged"
    mount -t overlay overlay -o "lowerdir=$try/lower,upperdir=$try/upper,workdir=$try/work" "$try/merged" 2>/dev/null &&
        umount "$try/merged" || driver=vfs
    rm -rf "$try"
    export STORAGE_DRIVER=$driver
    local storage=(--root "$LLMTRACE_IMAGE_STORAGE" --runroot "$HERE/run")
    . scripts/image_bases.sh
    timed 'stand-ins for the base images' 240 bases
    podman "${storage[@]}" --runtime runc run --rm --network host --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 \
        "$RUST_STAND_IN" true >"$HERE/trial.log" 2>&1 || skip "a container does not run: $(tail -1 "$HERE/trial.log")"

    local context=. more=() arguments
    mapfile -t arguments < <(arguments)
    if [ -n "${LLMTRACE_IMAGE_PROGRAM:-}" ]; then
        context=$(prebuilt)
    else
        more=("${BUILD_WITH[@]}")
    fi
    export LLMTRACE_IMAGE=localhost/llmtrace-proxy:$version
    # The caches that the Dockerfile mounts are kept here, for the next run.
    mkdir -p "$HERE/tmp"
    # No layer is kept: each would be another copy of the toolchain's stage.
    timed 'image' 2400 env TMPDIR="$HERE/tmp" buildah "${storage[@]}" bud --format docker --isolation chroot --pull-never --layers=false "${more[@]}" \
        "${arguments[@]}" -t "$LLMTRACE_IMAGE" "$context"

    [ -n "${LLMTRACE_BIN_DIR:-}" ] || cargo build --locked -p llmtrace-testkit --bin fake-provider
    local started status=0
    started=$(scripts/engines.sh start)
    eval "$started"
    trap 'scripts/engines.sh stop' EXIT
    LLMTRACE_BIN_DIR=${LLMTRACE_BIN_DIR:-${CARGO_TARGET_DIR:-$ROOT/target}/debug} \
        timed 'containers' 300 "$HERE/venv/bin/python" -m pytest e2e/image -q --color=no || status=1
    podman "${storage[@]}" --runtime runc rm --all --force --time 0 >/dev/null
    return "$status"
}

case ${1:-build} in
build) build "${@:2}" ;;
test) test_image ;;
clean)
    ! grep -q " $HERE/" /proc/mounts || die "something below $HERE is mounted: a test still runs"
    case $HERE in */image) rm -rf "$HERE" ;; esac
    ;;
*) die "unknown: $1; expected build, test or clean" ;;
esac
