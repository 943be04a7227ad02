#!/bin/sh
# tools/fuzz.sh SECONDS [TARGET...] -- fuzzes tests/fuzz/fuzz_TARGET.c, each for SECONDS, with clang, ASan and UBSan.
#
# New inputs stay in build-fuzz/corpus/TARGET; a crash is written to build-fuzz/ and ends the run with an error. What is worth
# keeping goes by hand into tests/fuzz/corpus/TARGET, which `make check` replays.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
if [ $# -gt 0 ]; then shift; fi
targets=${*:-$(ls tests/fuzz/fuzz_*.c | sed 's,.*/fuzz_\(.*\)\.c,\1,')}

if [ ! -f build-fuzz/build.ninja ]; then
	CC=clang CXX=clang++ meson setup build-fuzz --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true \
		-Dc_args=-fsanitize=fuzzer-no-link -Dcpp_args=-fsanitize=fuzzer-no-link
fi
nice ninja -C build-fuzz $(for target in $targets; do echo tests/fuzz_$target; done)
# An undefined thing is a find like a crash, not a line in a log.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
status=0
for target in $targets; do
	new=build-fuzz/corpus/$target
	old=tests/fuzz/corpus/$target
	mkdir -p "$new"
	[ -d "$old" ] || old=
	echo "== $target, $seconds s"
	nice "build-fuzz/tests/fuzz_$target" -max_total_time="$seconds" -max_len=200000 -timeout=10 -print_final_stats=1 \
		-artifact_prefix="build-fuzz/$target-" "$new" $old 2>"build-fuzz/$target.log" || status=1
	tail -n 8 "build-fuzz/$target.log"
done
exit $status
