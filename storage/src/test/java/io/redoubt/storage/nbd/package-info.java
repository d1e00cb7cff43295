/// The NBD server against the protocol, byte by byte, and against the contract of a volume.
@NullMarked
package io.redoubt.storage.nbd;

import org.jspecify.annotations.NullMarked;
