/// PostgreSQL without an installation: unpacked from a jar, started under an unprivileged user, watched and started again.
///
/// - **Owns** one data directory, its password, its port on the loopback interface, and the server process.
/// - **May use** `core.fault`. It opens no connection to the database.
/// - **Start at** [EmbeddedPostgres].
/// - **Threads** one watcher that is the server's parent for as long as it runs, so that the server ends when we are killed.
@NullMarked
package io.redoubt.dist.postgres;

import org.jspecify.annotations.NullMarked;
