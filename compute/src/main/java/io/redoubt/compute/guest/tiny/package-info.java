/// The `tiny` template: the smallest real Linux machine, made in seconds from Debian's packages, without privileges.
///
/// - **Owns** the recipe (resources of this package), the download, the guest's root file system, the boot disk, and the
///   cache in which a template is published whole or not at all.
/// - **May use** `core`, `core.fault`, `compute.host`, `compute.guest`. Nothing is installed on the host.
/// - **Start at** [TinyTemplate]; `docs/guide/templates.md` shows what comes out.
/// - **Threads** any; builders of one cache take turns, across processes too.
@NullMarked
package io.redoubt.compute.guest.tiny;

import org.jspecify.annotations.NullMarked;
