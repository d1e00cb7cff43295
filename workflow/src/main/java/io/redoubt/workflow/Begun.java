// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.workflow;

/// @param fresh false when the key was known: nothing new was begun
public record Begun(Operation operation, boolean fresh) {}
