// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.web;

import io.redoubt.core.fault.Fault;

/// A fault that a client of the API sees.
public interface Refusal extends Fault {
    Kind kind();

    /// What went wrong in the client's eyes.
    enum Kind {
        /// The request cannot be understood, or a value is out of its range.
        BAD_REQUEST(400, "Bad request"),
        /// There is no token, or nobody knows it.
        UNAUTHORISED(401, "Unauthorised"),
        /// Not for this role. Only ever said of the region itself, never of an object that has an owner.
        FORBIDDEN(403, "Forbidden"),
        /// Unknown, or another tenant's: the same answer.
        NOT_FOUND(404, "Not found"),
        /// The present state forbids it.
        CONFLICT(409, "Conflict"),
        /// Something that it needs is away for the moment.
        AWAY(503, "Away");

        private final int status;
        private final String title;

        Kind(int status, String title) {
            this.status = status;
            this.title = title;
        }

        public int status() {
            return status;
        }

        public String title() {
            return title;
        }
    }

    /// An id or a name that the caller's tenant does not have.
    record NotFound(String what, String reference) implements Refusal {
        @Override
        public Kind kind() {
            return Kind.NOT_FOUND;
        }

        @Override
        public String message() {
            return "there is no %s '%s'".formatted(what, reference);
        }

        @Override
        public String remedy() {
            return "List the %ss and take an id or a name from there.".formatted(what);
        }
    }

    /// A value that cannot be.
    record BadValue(String message, String remedy) implements Refusal {
        @Override
        public Kind kind() {
            return Kind.BAD_REQUEST;
        }
    }

    /// A name that the tenant uses already.
    record NameTaken(String what, String name) implements Refusal {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }

        @Override
        public String message() {
            return "there is a %s '%s' already".formatted(what, name);
        }

        @Override
        public String remedy() {
            return "Choose another name, or use the one that is there.";
        }
    }

    /// A state that forbids it.
    record Forbidden(String cause, String message, String remedy) implements Refusal {
        @Override
        public Kind kind() {
            return Kind.CONFLICT;
        }
    }

    /// What belongs to the region, not to a tenant.
    record OperatorsOnly() implements Refusal {
        @Override
        public Kind kind() {
            return Kind.FORBIDDEN;
        }

        @Override
        public String message() {
            return "nodes, pools, join tokens and new zones are for the region's operator";
        }

        @Override
        public String remedy() {
            return "Use the operator's token, the file that control.json calls tokenFile.";
        }
    }

    /// The database does not answer.
    record DatabaseAway() implements Refusal {
        @Override
        public Kind kind() {
            return Kind.AWAY;
        }

        @Override
        public String message() {
            return "the control plane's database does not answer; machines and replication go on";
        }

        @Override
        public String remedy() {
            return "Try again in a few seconds: it is started again by itself. If it stays away, read the log in the home's postgres directory.";
        }
    }

    /// There is no valid token.
    record NoToken() implements Refusal {
        @Override
        public Kind kind() {
            return Kind.UNAUTHORISED;
        }

        @Override
        public String message() {
            return "the request has no valid token";
        }

        @Override
        public String remedy() {
            return "Send 'Authorization: Bearer ' and the content of the file that control.json calls tokenFile.";
        }
    }
}
