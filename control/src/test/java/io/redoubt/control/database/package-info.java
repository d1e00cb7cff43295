/// Tests of database that need to see its inside.
@NullMarked
package io.redoubt.control.database;

import org.jspecify.annotations.NullMarked;
