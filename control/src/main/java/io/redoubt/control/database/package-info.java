/// The way to PostgreSQL, which holds all state of the control plane.
///
/// - **Owns** the pool, the schema's steps, transactions, random identifiers.
/// - **May use** nothing of the features.
/// - **Start at** [DatabaseConfiguration].
@NullMarked
package io.redoubt.control.database;

import org.jspecify.annotations.NullMarked;
