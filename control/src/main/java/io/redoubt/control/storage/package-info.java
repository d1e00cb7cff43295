/// Datastores and volumes, and under which number a volume may be written.
///
/// - **Owns** the tables `datastore` and `volume`, the attachment numbers.
/// - **May use** `region`, `gateway`, `operations`, `identity`, `web`, `database`.
/// - **Start at** [Volumes].
@NullMarked
package io.redoubt.control.storage;

import org.jspecify.annotations.NullMarked;
