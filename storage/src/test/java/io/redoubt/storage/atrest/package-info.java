/// Encryption and integrity against the standard's vectors, flipped bits, wrong keys and many threads.
@NullMarked
package io.redoubt.storage.atrest;

import org.jspecify.annotations.NullMarked;
