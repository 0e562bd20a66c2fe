// SPDX-License-Identifier: GPL-2.0-only
@initialize:python@
@@
import os

@@
expression s;
@@
- old_wait(s)
+ ((s)->since > OLD_LIMIT)
