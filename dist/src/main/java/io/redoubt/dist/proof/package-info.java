/// What a test run proved: counts, what did not run and why, and whether the rows of `docs/requirements.md` still stand.
///
/// - **Owns** the reading of surefire's reports and of the requirements table, the verdict of `./redoubt test`.
/// - **May use** the JDK. It runs no test and writes no file.
/// - **Start at** [ProofMain]; the rules are in [Verdict].
/// - **Threads** none of its own.
@NullMarked
package io.redoubt.dist.proof;

import org.jspecify.annotations.NullMarked;
