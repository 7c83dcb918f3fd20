#!/bin/sh
# Finds formulas in Markdown that GitHub does not show as they are meant: in $…$ and $$…$$ it takes
# backslashes before punctuation (\\, \{, \,) for its own, and underscores behind punctuation (")_") for
# emphasis. Displays belong in a ```math block, such inline formulas in $`…`$.
#
#   scripts/check-math.sh [FILE.md ...]        all Markdown files of the repository if none is given
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- $(git ls-files '*.md')

awk '
    function complain(what) { printf "%s:%d: %s: %s\n", FILENAME, FNR, what, $0; failed = 1 }
    FNR == 1 { fenced = 0 }
    /^ *```/ { fenced = !fenced; next }
    fenced { next }
    {
        line = $0
        gsub(/\$`[^`]*`\$/, "", line)
        gsub(/`[^`]*`/, "", line)
        if (line ~ /\$\$/) complain("a display outside of a ```math block")
        count = split(line, parts, "$")
        for (i = 2; i < count; i += 2) {
            if (parts[i] ~ /\\[^A-Za-z \t]/) complain("a backslash before punctuation in $…$")
            else if (parts[i] ~ /[])}|'"'"']_/) complain("an underscore behind punctuation in $…$")
        }
    }
    END { exit failed }
' "$@"
