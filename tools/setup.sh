#!/bin/sh
# tools/setup.sh [run|test|bench] -- installs what is missing, and nothing else.
#
#   run    what building and running needs (the default)
#   test   also what the tests need: browser, Prometheus, clang ...
#   bench  also what measuring needs
#
# Debian packages by name (Debian 12 is what it is tried on), and the npm packages of the lock files in web/ and tests/.
# With everything there it only looks, asks no network and ends at once. `make SETUP=:` leaves it out.
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}

run="build-essential meson ninja-build pkg-config ca-certificates libuv1-dev node-llhttp libwslay-dev libsqlite3-dev
	libcurl4-openssl-dev libssl-dev libsodium-dev libyaml-dev libjq-dev libre2-dev tzdata
	libcairo2-dev bubblewrap"
# clang's run-time library has its version in its name; one of these is right for the system.
test="check libjansson-dev chromium prometheus prometheus-alertmanager mariadb-server-core mariadb-client-core sqlite3
	python3 openssl curl clang ngircd inspircd
	libclang-rt-14-dev|libclang-rt-19-dev"
bench="wrk nginx-light"

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
	say "$*"
	exit 1
}

installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A node from somewhere else is as good as Debian's, if npm comes with it.
have_node() {
	command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 &&
		node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null
}

wanted() {
	case $what in
	run) echo $run ;;
	test) echo $run $test ;;
	bench) echo $run $bench ;;
	*) die "'$what' is not one of run, test, bench" ;;
	esac
	have_node || echo nodejs npm
}

# Names that are wanted and not installed; "a|b" asks for one of them and stays as it is.
missing() {
	for names in $(wanted); do
		there=no
		for name in $(echo "$names" | tr '|' ' '); do
			if installed "$name"; then there=yes; fi
		done
		[ $there = yes ] || echo "$names"
	done
}

# The first of "a|b" that this system knows.
known() {
	for name in $(echo "$1" | tr '|' ' '); do
		if apt-cache show "$name" >/dev/null 2>&1; then
			echo "$name"
			return
		fi
	done
	die "this system has no package $1 (tried on Debian 12)"
}

# Debian starts a service when its package comes in (Prometheus on 9090, nginx on 80). We want the programs only, so policy-rc.d
# says no meanwhile; one that is there already is the owner's business and stays. One left over from a killed run is ours.
policy=/usr/sbin/policy-rc.d
mark='# made by opsroom tools/setup.sh; may be removed'
with_services_off() {
	ours=no
	if [ ! -e $policy ] || grep -qxF "$mark" $policy; then
		ours=yes
		$root sh -c "printf '%s\n' '#!/bin/sh' '$mark' 'exit 101' >$policy && chmod 755 $policy"
		trap '$root rm -f $policy' EXIT
		trap 'exit 1' INT TERM HUP
	fi
	status=0
	"$@" || status=$?
	if [ $ours = yes ]; then
		$root rm -f $policy
		trap - EXIT INT TERM HUP
	fi
	return $status
}

apt() {
	$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

install_packages() {
	command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1 ||
		die "this is no Debian. Please install what these Debian packages hold: $(echo $(wanted))"
	need=$(echo $(missing))
	[ -n "$need" ] || return 0
	by_hand="apt-get install --no-install-recommends $(echo $need | sed 's/|[^ ]*//g')"
	root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null 2>&1 || die "packages are missing, and there is no sudo. As root: $by_hand"
		{ [ -t 0 ] && sudo -v; } || sudo -n true 2>/dev/null || die "packages are missing, and sudo does not let us. As root: $by_hand"
		root=sudo
	fi
	say "installing $need"
	apt update || die "the package lists cannot be read (no network?). Later, as root: $by_hand"
	names=
	for one in $need; do
		names="$names $(known "$one")"
	done
	with_services_off apt install -y --no-install-recommends $names || die "apt-get failed. By hand, as root: $by_hand"
	have_node || die "node is older than 18, or npm is missing"
}

# npm ci when there is no node_modules/, or the lock file changed since.
install_modules() {
	stamp=$1/node_modules/.opsroom-lock
	[ -f "$1/package-lock.json" ] || return 0
	cmp -s "$1/package-lock.json" "$stamp" && return 0
	say "npm ci in $1/"
	(cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2) || die "npm ci failed in $1/ (no network?)"
	cp "$1/package-lock.json" "$stamp"
}

install_packages
install_modules web
if [ "$what" != run ]; then install_modules tests; fi
