#!/usr/bin/env bash
# Open the exercises in JupyterLab, in work/: copies of one's own, which nothing here ever overwrites.
set -euo pipefail
cd "$(dirname "$0")/.."
for notebook in exercises/*/*.ipynb; do
    copy=work/${notebook#exercises/}
    if [ -e "$copy" ]; then
        cmp -s "$notebook" "$copy" || echo "$copy: yours, left as it is"
    else
        mkdir -p "$(dirname "$copy")"
        cp "$notebook" "$copy"
        echo "$copy: new"
    fi
done
cd work  # so that the settings of the demonstration class are not picked up
exec ../.venv/bin/jupyter lab "$@"
