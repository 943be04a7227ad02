#!/bin/sh
# tools/docs.sh BUILD -- writes the manual pages that programs print from their tables into man/.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
mkdir -p man
"$build/opsroom" --man >man/opsroom.1
"$build/opsroom" --completion >tools/opsroom.bash
