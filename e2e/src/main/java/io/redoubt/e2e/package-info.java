/// The demo: a machine survives the loss of its zone, told step by step and checked at each.
///
/// - **Owns** the story, the disasters, and the report. It plays on a region of real processes, through the public API alone.
/// - **May use** `dist.launcher` and `cli.api` to run a region and to ask it; `storage.nbd` to try a forbidden write; `e2e.verdict` to judge.
/// - **Start at** [Demo]; [Story] is the sequence.
/// - **Threads** the caller's; a guest's serial log is read by a thread of its witness.
@NullMarked
package io.redoubt.e2e;

import org.jspecify.annotations.NullMarked;
