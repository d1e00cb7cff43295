/// Judges a recovery from what the guests said on their serial lines, and from nothing else.
///
/// - **Owns** the reading of the writer's lines, when each acknowledgement was seen, and which promise a finding breaks.
/// - **May use** nothing of Redoubt: whoever judges the storage must not be fooled by it.
/// - **Start at** [Judge]; [Witness] reads a serial log while a guest writes it.
/// - **Threads** each witness has one of its own; everything else is values.
@NullMarked
package io.redoubt.e2e.verdict;

import org.jspecify.annotations.NullMarked;
