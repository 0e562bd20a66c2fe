#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tidy.sh CONFIG: keep the last word on each option, as olddefconfig does, of
# the options that Kconfig knows.
known=$(sed -n 's/^config //p' "$(dirname "$0")/../../Kconfig" | tr '\n' ' ')
awk -v known="$known" '
BEGIN { n = split(known, k, " "); for (i = 1; i <= n; i++) ok["CONFIG_" k[i]] = 1 }
match($0, /CONFIG_[A-Z0-9_]+/) {
	name = substr($0, RSTART, RLENGTH)
	if (!(name in ok)) next
	if (!(name in line)) order[++m] = name
	line[name] = $0
}
END { for (i = 1; i <= m; i++) print line[order[i]] }' "$1" >"$1.new" && mv "$1.new" "$1"
