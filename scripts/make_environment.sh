#!/bin/sh
# Makes .venv with a Python that is new enough, unless a working one stands there already.
set -eu

say() { printf 'sekisho: %s\n' "$1" >&2; }

stop() {
    say "$1"
    printf 'hint: %s\n' "$2" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Prints the best of the names: new enough and complete, else new enough.
# A name that is found may still not run: version managers leave such names behind.
find_python() {
    new_enough=
    for name in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14 python}; do
        is_new_enough "$name" || continue
        if can_make_environments "$name"; then
            printf '%s\n' "$name"
            return
        fi
        new_enough=${new_enough:-$name}
    done
    printf '%s\n' "$new_enough"
}

if is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exit 0
fi

python=$(find_python)
if [ -z "$python" ] && [ -n "${PYTHON:-}" ]; then
    stop "PYTHON=$PYTHON is not Python 3.11 or newer" "name another, such as \`make PYTHON=python3.12 …\`"
elif [ -z "$python" ]; then
    stop "no Python 3.11 or newer was found" "install one, or name it: \`make PYTHON=/path/to/python3.12 …\`"
fi

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if ! can_make_environments "$python"; then
    stop "Python $version ($python) cannot make a virtual environment: its \`ensurepip\` is missing" \
        "on Debian and Ubuntu: apt-get install python$version-venv (or python3-venv for the system's own Python)"
fi

say "making .venv with Python $version; the first time takes a minute or two"
rm -rf .venv
"$python" -m venv .venv
