# shellcheck shell=bash
# Sourced by the other scripts: installs programs through the system's package
# manager. Each function does nothing when its programs are there already.

say() {
    printf '==> %s\n' "$*" >&2
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        say "need root to run: $*"
        return 1
    fi
}

# install_packages APT DNF APK BREW: the names under each package manager;
# several names in one argument are separated by spaces.
install_packages() {
    local apt=$1 dnf=$2 apk=$3 brew=$4
    # Names are split on purpose below.
    # shellcheck disable=SC2086
    if command -v apt-get >/dev/null; then
        say "installing: $apt"
        as_root apt-get update -q >&2
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends $apt </dev/null >&2
    elif command -v dnf >/dev/null; then
        say "installing: $dnf"
        as_root dnf install -q -y $dnf </dev/null >&2
    elif command -v apk >/dev/null; then
        say "installing: $apk"
        as_root apk add --quiet $apk </dev/null >&2
    elif command -v brew >/dev/null; then
        say "installing: $brew"
        brew install --quiet $brew </dev/null >&2
    else
        say "no apt-get, dnf, apk or brew here: install one of these by hand: $apt"
        return 1
    fi
}

# need PROGRAM APT DNF APK BREW
need() {
    command -v "$1" >/dev/null && return
    install_packages "${@:2}"
    hash -r
    command -v "$1" >/dev/null || {
        say "$1 is still missing after the installation"
        return 1
    }
}

# Prints the directory that holds initdb, pg_ctl and postgres: the one on PATH,
# else the one pg_config knows, else the newest of the usual places.
postgres_bin() {
    local dir found
    {
        dirname "$(command -v initdb || echo /none/)"
        pg_config --bindir 2>/dev/null || true
        printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*/ \
            /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin | sort -rV
    } | {
        # Reads to the end, so that pipefail does not see a broken pipe.
        found=
        while read -r dir; do
            dir=${dir%/}
            if [ -z "$found" ] && [ -x "$dir/initdb" ] && [ -x "$dir/pg_ctl" ] &&
                [ -x "$dir/postgres" ]; then
                found=$dir
            fi
        done
        printf '%s\n' "$found"
    }
}

# The Debian package would make a cluster and start it; while this file says no,
# nothing is started. One that is there already is left alone.
install_postgres() {
    local guard=/usr/sbin/policy-rc.d status=0 guarded=
    if command -v apt-get >/dev/null && [ ! -e "$guard" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod 755 "$guard"
        guarded=1
    fi
    install_packages postgresql postgresql-server postgresql postgresql@17 || status=$?
    if [ -n "$guarded" ]; then
        as_root rm -f "$guard"
    fi
    return "$status"
}

# Puts PostgreSQL's programs on PATH.
need_postgres() {
    local bin
    bin=$(postgres_bin)
    if [ -z "$bin" ]; then
        install_postgres
        bin=$(postgres_bin)
    fi
    if [ -z "$bin" ]; then
        say "initdb, pg_ctl and postgres are still missing after the installation"
        return 1
    fi
    export PATH="$bin:$PATH"
}
