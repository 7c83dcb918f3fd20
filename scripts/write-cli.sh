#!/bin/sh
# Writes docs/cli.md from the command line itself. A test fails when the two differ.
set -eu
cd "$(dirname "$0")/.."
SNODE_WRITE_DOCS=1 sh scripts/ensure-hdf5.sh "${CARGO:-cargo}" test --quiet -p snode-cli \
    --test it -- cli_document::the_document_is_that_of_the_command_line
