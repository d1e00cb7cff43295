/// The time-limited right of a source to acknowledge writes, and the two sides that give it.
///
/// A protected group has two grantors, the control plane and the receiver. The source may acknowledge while either grant is valid.
/// A promotion stops both and waits for the source's release or for the expiry of both. These classes are the rules 1 to 4 of the
/// replication design, without clocks, files or sockets: time is an argument, what must be durable is said where it is returned.
///
/// - **Owns** when a write may be acknowledged and when a promotion may go on.
/// - **May use** nothing.
/// - **Start at** [GrantHolder] for the source, [Grantor] for the other two.
/// - **Threads** [GrantHolder] is safe for many; [Grantor] belongs to one.
@NullMarked
package io.redoubt.core.grant;

import org.jspecify.annotations.NullMarked;
