/// Tests of recovery that need to see its inside.
@NullMarked
package io.redoubt.control.recovery;

import org.jspecify.annotations.NullMarked;
