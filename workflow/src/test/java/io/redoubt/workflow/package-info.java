/// Tests of the engine, against the real PostgreSQL.
@NullMarked
package io.redoubt.workflow;

import org.jspecify.annotations.NullMarked;
