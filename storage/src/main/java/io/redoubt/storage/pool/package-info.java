/// Pools and datastores: who was promised how much room, and the room itself, physically held.
///
/// A datastore holds its free room in a file of its own, the reserve: what was ordered is present, also when something else fills the file
/// system. The layers of a volume get a [io.redoubt.core.port.Disk] from it ([Datastore#disk]) and need not know: whatever they
/// allocate comes out of the reserve, whatever they delete goes back into it. Files whose name ends in `.raw` hold content and
/// count against the datastore's size; maps, checksums and small files are paid from the spare room beside it ([RoomRules]).
///
/// - **Owns** `datastore.meta`, `datastore.reserve`, `room-*`: `docs/formats/volume.md`.
/// - **May use** `block` (for small files), `core`. It opens no socket and reads no clock.
/// - **Start at** [Datastore].
/// - **Threads** any number; one at a time changes a datastore's room, writes into room that is there wait for nobody.
@NullMarked
package io.redoubt.storage.pool;

import org.jspecify.annotations.NullMarked;
