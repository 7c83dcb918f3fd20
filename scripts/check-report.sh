#!/bin/sh
# Trains a small grid, makes its report, and looks at the page with a browser: it loads without an
# error and asks nothing of any network, and the headings and figures are there. Skipped where there
# is no chromium.
set -eu
cd "$(dirname "$0")/.."

browser=
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then browser=$name; break; fi
done
if [ -z "$browser" ]; then
    echo 'skipped: no chromium here'
    exit 0
fi

# A snode that is built already, or one built now.
snode=${SNODE:-}
if [ -z "$snode" ]; then
    ${CARGO:-cargo} build --quiet -p snode-cli
    snode=${CARGO_TARGET_DIR:-target}/debug/snode
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/small.toml" <<'TOML'
precision = "f32"
seeds = 2
data.train = 500
network.layers = 10
training.evaluate_every = 2
output.directory = "results"
[grid]
network.activation = ["tanh", "relu"]
[[cases]]
name = "SGD"
training.method = "rmsprop"
[[cases]]
name = "NCG"
[analysis.robustness]
levels = [0, 0.5]
draws = 1
images = 200
[analysis.noise]
images = 20
[analysis.smoothness]
TOML
case $snode in /*) ;; *) snode=$PWD/$snode ;; esac
(cd "$folder" && "$snode" run small.toml --quiet && "$snode" report results --claims) >"$folder/out" 2>&1 ||
    { cat "$folder/out"; exit 1; }

# A page that needs nothing from outside looks the same without any network.
$browser --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --v=0 \
    --user-data-dir="$folder/profile" --virtual-time-budget=5000 --window-size=1300,4000 \
    --screenshot="$folder/page.png" --dump-dom "file://$folder/results/report/report.html" \
    >"$folder/dom" 2>"$folder/log"

failed=0
expect() { # WHAT FOUND WANTED
    if [ "$2" -ge "$3" ]; then echo "ok    $1: $2"; else echo "FAIL  $1: $2, expected $3"; failed=1; fi
}
count() { grep -o "$1" "$folder/dom" | wc -l; }
expect headings "$(count '<h2>')" 8
expect charts "$(count '<svg')" 7
expect sheets "$(count 'href="data:image/png;base64,')" 1
expect claims "$(count 'class="rule"')" 16
if grep -E 'CONSOLE|ERR_|Not allowed to load' "$folder/log"; then
    echo 'FAIL  the browser complains, above'
    failed=1
else
    echo 'ok    the browser does not complain'
fi
if grep -qE '(src|href)="(https?:)?//' "$folder/dom"; then
    echo 'FAIL  the page loads something from elsewhere'
    failed=1
else
    echo 'ok    the page loads nothing from elsewhere'
fi
# On a phone only tables and figures scroll sideways, not the page. Headless Chromium opens no window narrower than
# 500 pixels, so the page is put into a frame.
report=$folder/results/report
sed 's|</body>|<script>const e = document.documentElement; parent.postMessage(e.scrollWidth + " of " + e.clientWidth, "*")</script></body>|' \
    "$report/report.html" >"$report/narrow.html"
cat >"$folder/frame.html" <<HTML
<body><script>onmessage = (event) => { document.title = event.data }</script>
<iframe width="400" height="1000" src="file://$report/narrow.html"></iframe></body>
HTML
$browser --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --allow-file-access-from-files \
    --user-data-dir="$folder/profile" --virtual-time-budget=5000 --window-size=600,1000 \
    --dump-dom "file://$folder/frame.html" >"$folder/frame" 2>/dev/null
width=$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' "$folder/frame")
if [ -n "$width" ] && [ "${width% of *}" = "${width#* of }" ]; then
    echo 'ok    the page does not scroll sideways at 400 pixels'
else
    echo "FAIL  at 400 pixels the page is wider than its window: ${width:-nothing found}"
    failed=1
fi
if [ -n "${KEEP:-}" ]; then cp "$folder/page.png" "$KEEP"; fi
exit "$failed"
