#!/bin/sh
# Trains the experiments of experiments/accuracy at the paper's setting and holds the accuracy on
# the whole MNIST test set against a bar.
#
#   scripts/check-accuracy.sh                 100 batches of each, f64 and f32 (about 10 minutes)
#   scripts/check-accuracy.sh epoch           one epoch of each, three of RMSprop, f32 (about half an
#                                             hour)
#   PRECISIONS=f64 scripts/check-accuracy.sh epoch
#
# Results go to results/accuracy. Exits with 1 if a bar is missed or a run fails.
set -u
cd "$(dirname "$0")/.." || exit 1
snode=${SNODE:-target/release/snode}
[ -x "$snode" ] || cargo build --release -p snode-cli || exit 1
mode=${1:-batches}
missed=0

# experiment, batch at which it ends and the bar stands, least accuracy in percent ("-": only finite)
if [ "$mode" = epoch ]; then
    precisions=${PRECISIONS:-f32}
    bars='tanh-l2 600 94.0
tanh-l2-sobolev 600 -
tanh-ce 600 -
tanh-ce-sobolev 600 -
relu-l2 600 -
relu-l2-sobolev 600 -
relu-ce 600 -
relu-ce-sobolev 600 -
rmsprop-tanh-ce 600 92.0
rmsprop-tanh-ce 1800 94.0'
else
    precisions=${PRECISIONS:-f64 f32}
    bars='tanh-l2 100 89.5
tanh-l2-sobolev 100 88.0
tanh-ce 100 91.0
relu-ce 100 92.5
relu-l2 80 92.5'
fi

printf '%-18s %-5s %8s %10s %6s  %s\n' experiment type batches accuracy bar verdict
while read -r name batch bar; do
    for precision in $precisions; do
        lines=$("$snode" run "experiments/accuracy/$name.toml" --output results/accuracy --fresh \
            --set name="$name-$batch-$precision" --set precision="$precision" \
            --set training.batches="$batch" --set training.evaluate_every=20 2>&1)
        status=$?
        accuracy=$(printf '%s\n' "$lines" |
            sed -n "s/^batch $batch of $batch: test \([0-9.]*\) %.*/\1/p" | tail -n 1)
        if [ "$status" -ne 0 ] || [ -z "$accuracy" ]; then
            verdict="failed: $(printf '%s\n' "$lines" | tail -n 1)"
            missed=1
        elif [ "$bar" = - ]; then
            verdict=finished
        elif awk "BEGIN { exit !($accuracy >= $bar) }"; then
            verdict=holds
        else
            verdict=missed
            missed=1
        fi
        printf '%-18s %-5s %8s %9s%% %6s  %s\n' "$name" "$precision" "$batch" "${accuracy:--}" "$bar" "$verdict"
    done
done <<EOF
$bars
EOF
exit "$missed"
