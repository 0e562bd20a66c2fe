// SPDX-License-Identifier: GPL-2.0-only
fn stop(s: &mut State) {
    bindings::old_stop(s)
}
