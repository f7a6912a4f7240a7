#!/bin/sh
# Puts nginx where `make bench` finds it. Installs nothing: where the system has no nginx, the Debian package is
# downloaded and unpacked under target/bench, so no service is set up and no root is needed.
# By hand elsewhere: install nginx, or set LLMTRACE_BENCH_NGINX to its path.
set -eu
cd "$(dirname "$0")/.."

if [ -n "${LLMTRACE_BENCH_NGINX:-}" ] || [ -x /usr/sbin/nginx ]; then
    exit 0
fi
into=target/bench/nginx
if [ -x "$into/usr/sbin/nginx" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "setup-bench: no nginx and no apt-get; install nginx or set LLMTRACE_BENCH_NGINX (left out of the table until then)" >&2
    exit 0
fi
echo "setup-bench: unpacking the Debian package nginx into $into"
mkdir -p "$into/download"
# As root apt would drop to the user _apt, who may not write here.
(cd "$into/download" && apt-get -o APT::Sandbox::User=root download nginx)
for package in "$into"/download/nginx_*.deb; do
    dpkg-deb -x "$package" "$into"
done
"$into/usr/sbin/nginx" -v
