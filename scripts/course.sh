#!/usr/bin/env bash
# Make a demonstration class, grade it with nbgrader and write its feedback pages, all in one folder.
#     scripts/course.sh FOLDER LEARNERS SEED
set -euo pipefail
folder=$1 learners=$2 seed=$3
bin=$(cd "$(dirname "$0")/../.venv/bin" && pwd)

rm -rf "$folder"
"$bin/attn-course" class demo "$folder" --learners "$learners" --seed "$seed"
cd "$folder"
for assignment in release/*/; do
    name=$(basename "$assignment")
    echo "Grading $name with nbgrader: $learners notebooks, each in a kernel of its own"
    # Of its log, who is being graded and what went wrong.
    "$bin/nbgrader" autograde "$name" 2>&1 |
        awk '/ Autograding / { sub(".*/autograded/", "  "); sub("/.*", ""); print; fflush() } /WARNING|ERROR/ { print; fflush() }'
    "$bin/nbgrader" generate_feedback --log-level=WARN "$name"
done
"$bin/nbgrader" export --log-level=WARN
