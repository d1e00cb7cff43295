/// Holds the compiled packages to the drawing in `docs/architecture.md`.
///
/// - **Owns** the rule that code and drawing say the same, both ways.
/// - **Start at** [ArchitectureTest].
@NullMarked
package io.redoubt.architecture;

import org.jspecify.annotations.NullMarked;
