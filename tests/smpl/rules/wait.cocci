// SPDX-License-Identifier: GPL-2.0-only
/// Say what old_wait() asks
// Options: --no-includes --include-headers

virtual patch
virtual report

@depends on patch@
expression s;
@@
- old_wait(s)
+ ((s)->since > OLD_LIMIT)

@r depends on report@
expression s;
position p;
@@
* old_wait@p(s)

@script:python depends on report@
p << r.p;
@@
print(p[0].line)
