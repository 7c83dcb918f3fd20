#!/bin/sh
# Methods of training against each other: accuracy on the MNIST test images against seconds, iterations
# and products with n×n matrices (5 of a batch's size in an iteration of conjugate gradients, 3 in a
# step of a stochastic method). For a quiet machine: seconds count.
#
#   scripts/compare-methods.sh quick          15 layers, 60 s each, 3 seeds (2 hours)
#   scripts/compare-methods.sh epoch          150 layers, one epoch, 3 seeds (about 3 hours on two cores)
#   SEEDS=1 scripts/compare-methods.sh quick  a third of that
#
# Results go to results/methods; what is there is not trained again. The table is printed, and the
# report with the curves lies beside the results.
set -eu
cd "$(dirname "$0")/.."
mode=${1:-quick}
snode=${SNODE:-target/release/snode}
[ -x "$snode" ] || sh scripts/ensure-hdf5.sh cargo build --release -p snode-cli

"$snode" run "experiments/methods/$mode.toml" --jobs 1 ${SEEDS:+--set "seeds=$SEEDS"}
"$snode" report "results/methods/$mode"
table=results/methods/$mode/report/tables/accuracy.csv

printf '\n%-22s %-6s %-14s %5s %8s %8s %8s %10s %10s\n' \
    training σ loss seeds last average seconds iterations products
# Fields do not hold commas: they are names of cases and numbers.
awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) { gsub(/[\r"]/, "", $i); column[$i] = i }; next }
    {
        gsub(/[\r"]/, "")
        key = $(column["training"]) "," $(column["activation"]) "," $(column["loss"])
        if (!(key in count)) order[++keys] = key
        count[key]++
        last[key] += $(column["accuracy"]); average[key] += $(column["accuracy_average"])
        seconds[key] += $(column["seconds"]); iterations[key] += $(column["iterations"])
    }
    END {
        for (k = 1; k <= keys; k++) {
            key = order[k]; n = count[key]; split(key, name, ",")
            cost = name[1] ~ /^NCG/ ? 5 : 3
            printf "%-22s %-6s %-14s %5d %8.2f %8.2f %8.1f %10.0f %10.0f\n", name[1], name[2], name[3], n,
                100 * last[key] / n, 100 * average[key] / n, seconds[key] / n, iterations[key] / n,
                cost * iterations[key] / n
        }
    }' "$table"
