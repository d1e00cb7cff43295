/// What control plane and node say to each other: the messages of `redoubt/v1/node.proto`.
///
/// - **Owns** the wire format. Field numbers are never used twice; a new meaning takes a new field.
/// - **May use** `core`.
/// - **Start at** `NodeMessage` and `ControlMessage` in `node.proto`, whose comments are the contract.
package io.redoubt.protocol;
