#!/usr/bin/env bash
# Fetch what the browser tests of the site use from npm, or leave it alone where it is there already.
# Without npm those tests skip, and say so.
set -euo pipefail
cd "$(dirname "$0")/../tests/site" 2>/dev/null || exit 0
[ -f package-lock.json ] || exit 0
if ! command -v npm >/dev/null; then
    echo "npm is not installed: the browser tests of the site will be skipped." >&2
    exit 0
fi
stamp=node_modules/.made-from
if ! cmp -s package-lock.json "$stamp"; then
    echo "Installing the tools of the browser tests into tests/site/node_modules (once; needs the network)" >&2
    # The browser is the one of this machine, and no package runs code of its own while it is installed.
    if ! PUPPETEER_SKIP_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error; then
        echo "npm could not install them: the browser tests of the site will be skipped." >&2
        exit 0
    fi
    cp package-lock.json "$stamp"
fi
