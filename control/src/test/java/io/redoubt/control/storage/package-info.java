/// Tests of storage that need to see its inside.
@NullMarked
package io.redoubt.control.storage;

import org.jspecify.annotations.NullMarked;
