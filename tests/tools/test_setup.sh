#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Command-line tests of tools/setup with a made-up dpkg and apt on PATH, which
# log what they are asked and play a machine described by files in $m:
# installed, unknown, removes, uid.  Nothing of the real machine is changed.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

bin=$work/bin
mkdir "$bin"
for p in awk cut tr sed cat dirname grep wc mktemp rm mkdir tail sleep df \
	printf env sh head; do
	ln -s "$(command -v "$p")" "$bin/$p" 2>/dev/null
done
cat >"$bin/dpkg-query" <<'F'
#!/bin/sh
shift 2
while read -r p; do
	case " $* " in *" $p "*) echo "$p installed" ;; esac
done <"$m/installed"
exit 1
F
cat >"$bin/apt-get" <<'F'
#!/bin/sh
echo "$*" >>"$m/apt.log"
case "$*" in
*--print-uris*)
	cat "$m/size" 2>/dev/null
	exit 0 ;;
*update*)
	[ ! -e "$m/offline" ] || { echo 'E: no network'; exit 100; }
	: >"$m/unknown"
	exit 0 ;;
esac
pkgs=
for a; do
	case $a in -*|install|DPkg*) ;; *) pkgs="$pkgs $a" ;; esac
done
for p in $pkgs; do
	if grep -qx "$p" "$m/unknown"; then
		echo "E: Unable to locate package $p"
		exit 100
	fi
done
case "$*" in
*-s*)
	cat "$m/removes"
	for p in $pkgs; do echo "Inst $p (1)"; done ;;
*)
	[ ! -e "$m/lock" ] || echo "Waiting for cache lock: Could not get lock /x"
	for p in $pkgs; do echo "Setting up $p (1) ..."; echo "$p" >>"$m/installed"; done ;;
esac
F
printf '#!/bin/sh\ncat "$m/uid"\n' >"$bin/id"
chmod +x "$bin"/dpkg-query "$bin"/apt-get "$bin"/id

# The project's data cut down to a few packages and one cell.
data=$work/data
mkdir -p "$data/corpus/cells/toy"
cat >"$data/corpus/packages.ini" <<'F'
[build]
alpha=prog:no-such-program-alpha
beta=prog:sh
[run]
gamma=prog:no-such-program-gamma
[check]
delta=prog:no-such-program-delta
F
printf '[run]\ncells=toy/one;toy/two\n' >"$data/corpus/run.ini"
printf '[build]\ncross=toy-\npackages=gcc-toy\n' >"$data/corpus/cells/toy/one.ini"
printf '[build]\ncross=toy-\npackages=gcc-toy\n' >"$data/corpus/cells/toy/two.ini"

machine() {	# a new machine with these packages installed
	m=$work/machine
	rm -rf "$m"
	mkdir "$m"
	export m
	printf '%s\n' "$@" >"$m/installed"
	: >"$m/unknown"; : >"$m/removes"; : >"$m/apt.log"
	echo 0 >"$m/uid"
	printf 'ID=debian\n' >"$m/os-release"
}

setup() {
	env PATH="$bin" TREEWIDE_DATA="$data" XDG_STATE_HOME="$m/state" \
		TREEWIDE_OS_RELEASE="$m/os-release" \
		"$bin/sh" "$top/tools/setup" "$@" >"$m/out" 2>&1 </dev/null
	status=$?
}

expect() {	# NAME STATUS: what setup just did, and words that it must print
	name=$1
	want=$2
	shift 2
	ok=1
	[ "$status" = "$want" ] || ok=
	for word; do
		grep -qF -e "$word" "$m/out" || { ok=; echo "# lacks: $word"; }
	done
	if [ -n "$ok" ]; then
		echo "ok: $name"
	else
		echo "not ok: $name (status $status, wanted $want)"
		sed 's/^/# /' "$m/out"
		failed=1
	fi
}

holds() {	# NAME COMMAND...: a fact about the machine afterwards
	name=$1
	shift
	if "$@"; then echo "ok: $name"; else
		echo "not ok: $name"
		sed 's/^/# apt-get /' "$m/apt.log"
		failed=1
	fi
}
never() { ! grep -q -e "$1" "$m/apt.log"; }
count() { [ "$(grep -c -e "$1" "$m/apt.log")" = "$2" ]; }

machine alpha beta gamma gcc-toy
setup --for run
expect "nothing missing: silent success" 0
holds "nothing missing: apt is not called" [ ! -s "$m/apt.log" ]
holds "nothing missing: nothing printed" [ ! -s "$m/out" ]

setup --for check
expect "check needs more" 0 "delta"
holds "only what is missing is installed" never 'install.*alpha'
holds "lists that know the package are not fetched" never update

machine beta
setup
expect "packages and compilers are installed" 0 "to install: alpha gamma gcc-toy"
holds "a compiler of two cells is named once" never 'gcc-toy.*gcc-toy'
holds "apt may not remove" count 'install -y --no-remove --no-install-recommends' 1
setup
expect "the second run does nothing" 0
holds "the second run prints nothing" [ ! -s "$m/out" ]

machine beta
echo alpha >"$m/unknown"
setup --for build
expect "unknown package: the lists are fetched" 0 "apt-get update"
holds "the lists are fetched once" count update 1

machine beta
echo alpha >"$m/unknown"
: >"$m/offline"
setup --for build
expect "no network" 128 "apt-get update failed" "E: no network"

machine beta
printf 'Remv precious [1]\nRemv dear [2]\n' >"$m/removes"
setup
expect "a removal is refused" 128 "would remove: precious dear"
holds "nothing is installed then" never 'install -y'

machine beta
printf 'After this operation, 9,000,000 GB of additional disk space will be used.\n' >"$m/size"
setup
expect "a full disk is noticed first" 128 "MB are free"
holds "nothing is installed on a full disk" never 'install -y'

machine beta
: >"$m/lock"
setup
expect "a held lock is waited for" 0 "another apt or dpkg is at work"

machine beta
echo 1000 >"$m/uid"
setup
expect "no root: the missing are named" 128 "missing: alpha gamma gcc-toy" \
	"apt-get install --no-install-recommends alpha gamma gcc-toy"
holds "no root: apt is not called" [ ! -s "$m/apt.log" ]

machine alpha gamma gcc-toy
echo 1000 >"$m/uid"
setup
expect "no root: a program from elsewhere will do" 0

machine
printf 'ID=fedora\n' >"$m/os-release"
setup
expect "another distribution: the missing are named" 128 \
	"not Debian" "'fedora'" "alpha gamma gcc-toy"
holds "another distribution: apt is not called" [ ! -s "$m/apt.log" ]

machine
setup --for nothing
expect "a wrong --for" 129 "takes build, run, check, behaviour or toolchains"
setup --frobnicate
expect "an unknown option" 129 "--frobnicate"
setup --help
expect "help" 0 "usage: setup"

rm "$data/corpus/cells/toy/two.ini"
setup
expect "a cell that is not there" 128 "toy/two"

exit $failed
