# The Debian packages of this project, and how to get the missing ones. Sourced by ./run, ./test and ./bench.
BUILD_PACKAGES="gcc g++ meson ninja-build pkg-config libmicrohttpd-dev nettle-dev libsimdjson-dev libsqlite3-dev libsodium-dev libxxhash-dev
    libzstd-dev zlib1g-dev libexpat1-dev libinih-dev libcurl4-openssl-dev libminizip-dev"
TEST_PACKAGES="$BUILD_PACKAGES libcmocka-dev python3 prometheus zstd git curl fonts-dejavu-core"
BENCH_PACKAGES="$BUILD_PACKAGES python3 wrk nginx-light"

need_packages() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -q '^installed$' || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing:$missing" >&2
    as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2
}

# nodejs and npm bundle the pages (and run the SDKs under test): Debian's, or any that is there already and not older (18).
need_node() {
    if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then need_packages nodejs npm; fi
}

# Debian's Chromium, or the one KD_CHROMIUM names. Only where the system has no such package do the browser tests skip themselves.
need_browser() {
    [ -z "${KD_CHROMIUM:-}" ] && ! command -v chromium >/dev/null 2>&1 || return 0
    need_packages chromium || ! apt-cache show chromium >/dev/null 2>&1
}
