#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# autoconf.sh CONFIG: the options of a .config as macros.
sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y$/#define \1 1/p; s/^\(CONFIG_[A-Z0-9_]*\)=\([0-9].*\)$/#define \1 \2/p' "$1"
