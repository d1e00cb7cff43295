/// Tests of the embedded PostgreSQL, against the real one.
@NullMarked
package io.redoubt.dist.postgres;

import org.jspecify.annotations.NullMarked;
