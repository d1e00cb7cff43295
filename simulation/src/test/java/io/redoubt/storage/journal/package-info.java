/// The journal on simulated disks that turn bits, tear and fill up.
///
/// - **Start at** `JournalDamageTest`.
@NullMarked
package io.redoubt.storage.journal;

import org.jspecify.annotations.NullMarked;
