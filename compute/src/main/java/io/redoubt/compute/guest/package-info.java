/// What runs inside a machine: the agent that answers for the guest.
///
/// - **Owns** the conversation with the QEMU guest agent; below it, [io.redoubt.compute.guest.tiny], the template that we build.
/// - **May use** `core.fault`, `compute.host`. It knows no hypervisor: a socket is enough.
/// - **Start at** [GuestAgent].
/// - **Threads** one conversation at a time for each agent.
@NullMarked
package io.redoubt.compute.guest;

import org.jspecify.annotations.NullMarked;
