// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
/// Encryption and integrity of volumes at rest, as a layer below every file that holds a guest's bytes.
///
/// - **Owns** the files NAME.sealed.raw, NAME.seal, NAME.sums, NAME.dirty, scrub.state: `docs/formats/volume.md`.
/// - **May use** `block`, `core`. It opens no socket; it reads OpenSSL's libcrypto and, in [FileRegionKey], one key file.
/// - **Start at** [SealedDisk], then [SealedFile]; why it is one layer of files, says ADR 0014.
/// - **Threads** every file may be used by several threads at once.
@NullMarked
package io.redoubt.storage.atrest;

import org.jspecify.annotations.NullMarked;
