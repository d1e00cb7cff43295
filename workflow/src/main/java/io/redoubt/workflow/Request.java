// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

/// A wish, before it is an operation.
///
/// @param id          chosen by the caller, random
/// @param key         the client's idempotency key, unique in the tenant
/// @param fingerprint of the client's request: the same key with another one is refused
/// @param target      the id of the thing that it makes or changes
public record Request(String id, String tenant, String key, String fingerprint, String target) {}
