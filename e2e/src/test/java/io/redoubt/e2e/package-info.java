/// Tests of the demo: its parts by themselves, and whole runs of it on a Redoubt with a planted fault.
@NullMarked
package io.redoubt.e2e;

import org.jspecify.annotations.NullMarked;
