#!/bin/sh
# What docs/cluster.md promises, on a real Slurm: starts one of five virtual nodes on this machine (scripts/slurm/up.sh),
# submits small grids to it, and prints a line for each promise. Needs root and apt, or an installed Slurm; skipped
# elsewhere. The program is built in debug, unless SNODE names one; about 90 s beside that.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd)

if [ "$(uname -s)" != Linux ] || [ "$(id -u)" -ne 0 ]; then
    echo 'skipped: a Slurm of its own needs Linux and root'
    exit 0
fi
for command in slurmctld slurmd sbatch munged; do
    if ! command -v "$command" >/dev/null && ! { command -v apt-get >/dev/null && apt-get update -qq >/dev/null 2>&1 &&
        apt-get install -y -qq --no-install-recommends --simulate slurmctld slurmd slurm-client munge >/dev/null 2>&1; }; then
        echo "skipped: there is no $command here, and apt cannot install Slurm"
        exit 0
    fi
done

snode=${SNODE:-}
if [ -z "$snode" ]; then
    ${CARGO:-cargo} build --quiet -p snode-cli
    snode=${CARGO_TARGET_DIR:-target}/debug/snode
fi
case $snode in /*) ;; *) snode=$here/$snode ;; esac

folder=$(mktemp -d)
SLURM_TEST_ROOT=$folder/slurm
XDG_CONFIG_HOME=$folder/config
export SLURM_TEST_ROOT XDG_CONFIG_HOME
own=$(sh scripts/slurm/up.sh --env)
held=
finish() {
    code=$?
    trap - EXIT
    [ "$code" -eq 0 ] || tell >&2
    # What would outlive its cluster.
    for process in $held; do kill -9 "$process" 2>/dev/null || true; done
    cd "$here"
    sh scripts/slurm/down.sh
    rm -rf "$folder"
    exit "$code"
}
tell() {
    squeue --states=all --array || true
    tail -n 5 results/*/submissions/*/*.out || true
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

NODES=5 MAX_ARRAY_SIZE=6 PORT=${PORT:-17817} sh scripts/slurm/up.sh >/dev/null
eval "$own"
begin=$(date +%s)
mkdir -p "$XDG_CONFIG_HOME/snode"
printf '[submit]\npartition = "main"\n' >"$XDG_CONFIG_HOME/snode/config.toml"
cd "$folder"

ok() { printf 'ok    %s\n' "$*"; }
fail() { printf 'FAIL  %s\n' "$*"; exit 1; }

# Where jobs run: most on n1 and n2; those that disturb others have nodes of their own.
most=--exclude=n3,n4,n5

# grid NAME LINES ...: writes NAME.toml, a grid of small networks with results in a folder of its own.
grid() {
    name=$1
    shift
    {
        for line in "$@"; do echo "$line"; done
        cat <<TOML
threads = 1
output.directory = "results/$name"
data.train = 600
data.test = 100
network.layers = 3
training.batch_size = 20
training.iterations = 2
training.checkpoint_every = 0.5
TOML
    } >"$name.toml"
}
short='training.batches = 5'
long='training.epochs = 1000000'

count() { "$snode" status "$1.toml" --json 2>/dev/null | sed 's/.*"counts":{\([^}]*\)}.*/\1/'; }

# until SECONDS WHAT COMMAND ...: waits until a command succeeds.
until_true() {
    seconds=$1 what=$2
    shift 2
    end=$(($(date +%s) + seconds))
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || fail "$what: not within $seconds s"
        sleep 0.2
    done
}
# is NAME STATE NUMBER: whether so many cells of a grid are in a state.
is() { case ",$(count "$1")," in *",\"$2\":$3,"*) ;; *) return 1 ;; esac; }
all_done() { is "$1" done "$2"; }
checkpoint() { ls results/"$1"/cells/*.checkpoint.h5 >/dev/null 2>&1; }
submit() { file=$1; shift; "$snode" submit "$file.toml" "$@" -- "$most"; }
# The job of the last submission of a grid.
job() { cat results/"$1"/submissions/*/jobs.jsonl | tail -n 1 | sed 's/.*"job":\([0-9]*\).*/\1/'; }
out() { cat results/"$1"/submissions/*/*.out; }
node() { squeue -h -j "$1" -t RUNNING -o %N; }
state() { squeue -h -r -t all -j "$1" -o %T; }
is_state() { [ "$(state "$1")" = "$2" ]; }
# The process that trains a cell, as its lock says, and the task that has started it.
trainer() { sed -n 's/^process //p' results/"$1"/cells/*.lock 2>/dev/null; }
parent() { cut -d ' ' -f 4 "/proc/$1/stat"; }
is_training() { checkpoint "$1" && [ -n "$(trainer "$1")" ]; }

# --- begun first, looked at last: what takes Slurm a while -----------------------------------------

# Slurm looks at time limits every half minute, and a time limit is a minute at least.
grid limit 'seed = 50' 'seeds = 1' "$long" 'training.time_limit = 45.0'
"$snode" submit limit.toml --time 1 -- --exclude=n1,n2,n3,n4 >/dev/null

# The daemon of a node dies, and what it runs lives.
grid down 'seed = 60' 'seeds = 1' "$long" 'training.time_limit = 8.0'
"$snode" submit down.toml -- --exclude=n1,n2,n5 >/dev/null
down=$(job down)
until_true 60 'the job of down.toml' is_training down
sleep 1
stopped=$(trainer down)
orphan=$(parent "$stopped")
held="$orphan $stopped"
broken=$(node "$down")
# It is to hold the cell until the second start of its job.
kill -STOP "$stopped"
kill -9 "$(cat "$SLURM_TEST_ROOT/slurmd.$broken.pid")"

# --- an array, and what is done -------------------------------------------------------------------

grid four 'seeds = 4' "$short"
submit four >/dev/null
until_true 60 'the array of four.toml' all_done four 4
ok 'an array of 4 cells: all done'

grid four 'seeds = 5' "$short"
submit four | grep -q '^four: 1 of 5 cells submitted, in 1 tasks' || fail 'done cells are submitted'
until_true 60 'the fifth cell of four.toml' all_done four 5
submit four | grep -q 'nothing to submit' || fail 'done cells are submitted'
ok 'cells that are done are not submitted again; with nothing to do, success'

# --- the same bits after preemption, requeueing ---------------------------------------------------

grid whole 'seed = 1' 'seeds = 2' 'training.epochs = 100000' 'training.batches = 600'
sed 's/whole/preempt/' whole.toml >preempt.toml
"$snode" run whole.toml --quiet --jobs 1 >/dev/null &
whole=$!
submit preempt >/dev/null
both_train() { [ "$(trainer preempt | wc -l)" -eq 2 ] && [ "$(ls results/preempt/cells/*.checkpoint.h5 2>/dev/null | wc -l)" -eq 2 ]; }
until_true 60 'the cells of preempt.toml' both_train
sleep 0.6
sbatch --parsable -p urgent "$most" --array=1-2 --wrap 'sleep 1' --output=/dev/null >/dev/null
until_true 90 'the cells of preempt.toml' all_done preempt 2
[ "$(grep -l 'going on from' results/preempt/cells/*.log | wc -l)" -eq 2 ] || fail 'preempted cells do not go on'
wait "$whole"
for file in results/whole/cells/*.h5; do
    for of in whole preempt; do "$snode" export "results/$of/cells/${file##*/}" --to "$of.npz" --force >/dev/null 2>&1; done
    cmp -s whole.npz preempt.npz || fail "preemption changes $file"
done
ok 'preempted cells go on at their checkpoints, with the bits of an uninterrupted run'

grid requeue 'seed = 10' 'seeds = 1' "$long" 'training.time_limit = 4.0'
submit requeue >/dev/null
until_true 60 'the cell of requeue.toml' is_training requeue
sleep 0.6
scontrol requeue "$(job requeue)_1"
until_true 60 'the cell of requeue.toml' all_done requeue 1
grep -q 'going on from' results/requeue/cells/*.log || fail 'a requeued cell does not go on'
ok 'a task that is requeued goes on'

# --- what goes wrong ------------------------------------------------------------------------------

grid kill 'seed = 20' 'seeds = 2' "$long" 'training.time_limit = 3.0'
submit kill --only seed=20 >/dev/null
until_true 60 'the cell of kill.toml' is_training kill
kill -9 "$(parent "$(trainer kill)")"
until_true 30 'the loss of the cell of kill.toml' is kill lost 1
"$snode" status kill.toml | grep -q 'lost .*FAILED, signal 9' || fail 'a lost cell has no reason'
submit kill --only lost | grep -q '^kill: 1 of 2 cells submitted' || fail '--only lost submits something else'
until_true 60 'the lost cell of kill.toml' all_done kill 1
is kill missing 1 || fail '--only lost submits something else'
ok 'kill -9 of a task: lost, with the reason; --only lost submits it again, and nothing else'

grid cancel 'seed = 30' 'seeds = 3' "$long" 'training.time_limit = 300.0'
submit cancel --parallel 1 >/dev/null
until_true 60 'the first cell of cancel.toml' is_training cancel
is cancel queued 2 || fail 'cells that wait are not queued'
sleep 0.6
"$snode" cancel cancel.toml --only queued >/dev/null
is cancel running 1 && is cancel missing 2 || fail 'cancel --only queued cancels something else'
"$snode" cancel cancel.toml >/dev/null
until_true 30 'the end of cancel.toml' is cancel interrupted 1
[ "$(state "$(job cancel)" | sort -u)" = CANCELLED ] || fail 'a cancelled task is queued again'
ok 'snode cancel: queued tasks end, running ones write a checkpoint, none comes back'

# --- limits of Slurm ------------------------------------------------------------------------------

grid twelve 'seed = 100' 'seeds = 12' "$short"
submit twelve >/dev/null
[ "$(cat results/twelve/submissions/*/jobs.jsonl | wc -l)" -eq 3 ] || fail 'twelve cells are not three arrays'
until_true 90 'the cells of twelve.toml' all_done twelve 12
ok 'MaxArraySize 6, 12 cells: three arrays, all cells done'

grid many 'seeds = 1200' "$short"
submit many --only seed=1102 >/dev/null
is_there() { ls results/many/cells/*.h5 >/dev/null 2>&1 && ! ls results/many/cells/*.lock >/dev/null 2>&1; }
until_true 60 'cell 1102 of many.toml' is_there
"$snode" show results/many/cells/*.h5 --config | grep -qx 'seed = 1102' || fail 'another cell than 1102 is trained'
"$snode" run many.toml --cell 1102 2>&1 >/dev/null | grep -q 'finished already' || fail 'cell 1102 is another one'
ok 'cell 1102 of 1200 is cell 1102'

# --- files are the truth --------------------------------------------------------------------------

grid edited 'seed = 200' 'seeds = 2' "$short"
"$snode" submit edited.toml --cells-per-task 2 -- "$most" --hold >/dev/null
is edited queued 2 || fail 'held cells are not queued'
"$snode" run edited.toml --dry-run --json | sed -n 's/.*"identity":"\([0-9a-f]\{12\}\).*/\1.h5/p' | sort >expected
grid edited 'seed = 300' 'seeds = 1' "$short" 'network.horizon = 9.0'
scontrol release "$(job edited)"
edited_done() { [ "$(cd results/edited/cells 2>/dev/null && ls ./*.h5 2>/dev/null | grep -vc checkpoint)" -eq 2 ]; }
until_true 60 'the cells of edited.toml' edited_done
until_true 30 'the end of edited.toml' is_state "$(job edited)" COMPLETED
(cd results/edited/cells && ls ./*.h5 | sed 's|^\./||' | sort) | cmp -s - expected || fail 'an edited file changes what is trained'
ok 'a file edited between submission and start changes nothing (2 cells in one task)'

mkdir broken
printf '#!/bin/sh\necho "slurm_load_jobs error: Unable to contact slurm controller" >&2\nexit 1\n' >broken/squeue
chmod +x broken/squeue
PATH="$folder/broken:$PATH" "$snode" status four.toml >told 2>noted || fail 'status needs squeue'
grep -q '^four: 5 cells, 5 done' told || fail 'status is wrong without squeue'
grep -q 'squeue: .*Unable to contact' noted || fail 'status says nothing of squeue'
PATH="$folder/broken:$PATH" "$snode" status cancel.toml | grep -q '1 interrupted, 2 missing' || fail 'status is wrong without squeue'
ok 'squeue unavailable: status is right, and says so'

# --- what was begun first -------------------------------------------------------------------------

requeued() { out down 2>/dev/null | grep -q 'is being trained by .*queued again'; }
until_true 90 'the second start of down.toml' requeued
kill -9 "$orphan" "$stopped"
held=
until_true 90 'the cell of down.toml' all_done down 1
grep -q 'going on from' results/down/cells/*.log || fail 'a cell of a node that is down does not go on'
ok 'node down: its task is started elsewhere, finds the cell busy, is queued again and finishes'

until_true 120 'the cell of limit.toml' all_done limit 1
out limit | grep -q 'queued again (1 of 10)' || fail 'a task at its time limit is not queued again'
ok 'a task at its time limit writes a checkpoint, is queued again and finishes'
printf 'cluster: %d s\n' "$(($(date +%s) - begin))"
