#!/bin/sh
# tools/layers.sh -- does every room of src/ include only what it may, and stands SQL in store/ alone?
#
#     base < net, ops < store < engine < commands < chat, api < daemon
#
# A room includes itself and rooms to its left; not its neighbour (net and ops, chat and api). cli uses base, net and ops only.
# Prints file:line of each offender; the exit code is 1 if there is one.
set -eu
cd "${1:-$(dirname "$0")/..}"

find src -name '*.[ch]' -o -name '*.def' | sort | xargs awk '
BEGIN {
	split("base:0 net:1 ops:1 store:2 engine:3 commands:4 chat:5 api:5 daemon:6", rows, " ")
	for (i in rows) { split(rows[i], row, ":"); place[row[1]] = row[2] }
	offenders = 0
}
function offend(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; offenders++ }
FNR == 1 { split(FILENAME, path, "/"); room = path[2] }
/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, quoted, "\"")
	if (split(quoted[2], to, "/") < 2) { offend("an include names its room: \"" room "/" quoted[2] "\""); next }
	other = to[1]
	if (other == room) next
	if (room == "cli") {
		if (other != "base" && other != "net" && other != "ops") offend("cli may not include " other)
	} else if (!(room in place)) {
		offend("there is no room " room)
	} else if (!(other in place) || place[other] >= place[room]) {
		offend(room " may not include " quoted[2])
	}
}
/"(SELECT|INSERT|UPDATE|DELETE) / && room != "store" { offend("SQL outside store/") }
END { exit offenders > 0 }
'
