#!/usr/bin/env bash
# Make a demonstration class, grade it and write its feedback pages, all in one folder.
#     scripts/course.sh FOLDER LEARNERS SEED
set -euo pipefail
folder=$1 learners=$2 seed=$3
bin=$(cd "$(dirname "$0")/../.venv/bin" && pwd)

rm -rf "$folder"
"$bin/attn-course" class demo "$folder" --learners "$learners" --seed "$seed"
trust=()
if ! "$bin/attn-course" doctor >/dev/null; then
    # These learners were made here. For others, do as the doctor says.
    echo "There is no sandbox on this machine (attn-course doctor says why): grading the generated class without one."
    trust=(--i-trust-the-learners)
fi
"$bin/attn-course" grade "$folder" "${trust[@]}" || [ $? = 1 ]  # 1: something waits for a person
cd "$folder"
for assignment in release/*/; do
    "$bin/nbgrader" generate_feedback --log-level=WARN "$(basename "$assignment")"
done
"$bin/nbgrader" export --log-level=WARN
