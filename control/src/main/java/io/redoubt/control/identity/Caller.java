// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.identity;

/// Who a request's token speaks for. Resources take it from the request's attributes, never from its path or body.
public record Caller(String tenant, String role) {}
