/// The source's parts, several threads at once.
@NullMarked
package io.redoubt.storage.replication;

import org.jspecify.annotations.NullMarked;
