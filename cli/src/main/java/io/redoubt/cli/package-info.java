/// The client's command line: nouns and verbs, tables or JSON, progress while an operation runs.
///
/// - **Owns** what the commands are called, their options, the tables, the exit status.
/// - **May use** `cli.api`, `core`. It keeps nothing between two calls.
/// - **Start at** [CliMain]; what can be listed, and with which columns, stands in [Nouns].
/// - **Threads** one.
@NullMarked
package io.redoubt.cli;

import org.jspecify.annotations.NullMarked;
