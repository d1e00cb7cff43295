// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

/// Which start of the control plane speaks.
///
/// @param incarnation above every one before
/// @param life        random: two that took the same number are told apart
public record Mark(long incarnation, String life) {}
