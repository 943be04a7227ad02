#!/bin/sh
# tools/docs.sh BUILD [DIR] -- writes what programs print from their tables: the manual pages into DIR/man, the pages of the
# integrations into DIR/docs/integrations, the shell completion into DIR/tools. Without DIR: into this tree.
set -eu
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
cd "${2:-.}"
mkdir -p man tools docs/integrations
for page in opsroomd.8 opsroom.yaml.5 opsroom-api.7 opsroom-log.7; do
	"$build/opsroomd" --manual "$page" >"man/$page"
done
"$build/opsroom" --man >man/opsroom.1
"$build/opsroom" --completion >tools/opsroom.bash
"$build/opsroom" --completion zsh >tools/opsroom.zsh
"$build/opsroom" source list --json | tr '{' '\n' | sed -n 's/.*"tool":"\([a-z0-9_-]*\)".*/\1/p' | while read -r tool; do
	"$build/opsroom" source show "$tool" >"docs/integrations/$tool.md"
done
