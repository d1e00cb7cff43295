/// The region: its certificate authority, its zones, the nodes that joined.
///
/// - **Owns** the tables `zone`, `join_token`, `node`; the CA's key in the home.
/// - **May use** `gateway` (to hear nodes), `operations`, `identity`, `web`, `database`.
/// - **Start at** [Region] for the rows, [CertificateAuthority] for the keys.
@NullMarked
package io.redoubt.control.region;

import org.jspecify.annotations.NullMarked;
