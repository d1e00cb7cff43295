// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.gateway;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.redoubt.control.web.Refusal;
import io.redoubt.core.fault.FaultException;
import io.redoubt.protocol.EnrolmentGrpc;
import io.redoubt.protocol.JoinReply;
import io.redoubt.protocol.JoinRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/// `Enrolment.Join`: a token for a certificate.
@Component
class EnrolmentService extends EnrolmentGrpc.EnrolmentImplBase {
    private static final Logger LOG = LoggerFactory.getLogger(EnrolmentService.class);

    private final Enroller enroller;

    EnrolmentService(Enroller enroller) {
        this.enroller = enroller;
    }

    @Override
    public void join(JoinRequest request, StreamObserver<JoinReply> reply) {
        try {
            Enroller.Enrolled enrolled =
                    enroller.join(
                            request.getToken(),
                            request.getCsrPem(),
                            request.getZone(),
                            request.getNodeName());
            reply.onNext(
                    JoinReply.newBuilder()
                            .setNode(enrolled.node())
                            .setCertificatePem(enrolled.certificatePem())
                            .setCaPem(enrolled.caPem())
                            .build());
            reply.onCompleted();
        } catch (FaultException e) {
            Status status =
                    e.fault() instanceof Refusal refusal
                                    && refusal.kind() == Refusal.Kind.UNAUTHORISED
                            ? Status.UNAUTHENTICATED
                            : Status.INVALID_ARGUMENT;
            reply.onError(status.withDescription(e.getMessage()).asRuntimeException());
        } catch (IllegalArgumentException e) {
            reply.onError(
                    Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException());
        } catch (RuntimeException e) {
            LOG.error("a join failed", e);
            reply.onError(
                    Status.UNAVAILABLE
                            .withDescription(
                                    "the control plane cannot take a node in now. Remedy: try again in a few seconds.")
                            .asRuntimeException());
        }
    }
}
