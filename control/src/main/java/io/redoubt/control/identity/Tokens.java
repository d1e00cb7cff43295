// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.identity;

import io.redoubt.control.database.RandomId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/// Tokens are 256 random bits; only their hash is kept, so that a copy of the database opens nothing.
@Component
public class Tokens {
    private static final String PREFIX = "rdt_";
    private static final int TOKEN_BYTES = 32;

    private final JdbcClient sql;
    private final TransactionTemplate transactions;

    Tokens(JdbcClient sql, TransactionTemplate transactions) {
        this.sql = sql;
        this.transactions = transactions;
    }

    Optional<Caller> find(String token) {
        return sql.sql("select tenant, role from access_token where hash = ?")
                .param(hash(token))
                .query((row, _) -> new Caller(row.getString("tenant"), row.getString("role")))
                .optional();
    }

    /// A token of the region's operator, who owns the first tenant too; organisation and tenant are made when there are none.
    public String firstOwner() {
        String token = random();
        transactions.executeWithoutResult(_ -> {
            sql.sql("lock table tenant in exclusive mode").update();
            String tenant =
                    sql.sql("select id from tenant order by name limit 1")
                            .query(String.class)
                            .optional()
                            .orElseGet(this::firstTenant);
            sql.sql("insert into access_token (hash, tenant, role) values (?, ?, ?)")
                    .params(hash(token), tenant, Caller.OPERATOR)
                    .update();
        });
        return token;
    }

    /// Another organisation with one tenant and its owner's token.
    public String newTenant(String organisation) {
        String token = random();
        transactions.executeWithoutResult(_ ->
                sql.sql("insert into access_token (hash, tenant, role) values (?, ?, ?)")
                        .params(hash(token), tenantOf(organisation), Caller.OWNER)
                        .update());
        return token;
    }

    private String firstTenant() {
        return tenantOf("first");
    }

    private String tenantOf(String organisation) {
        String id = RandomId.next();
        String tenant = RandomId.next();
        sql.sql("insert into organisation (id, name) values (?, ?)")
                .params(id, organisation)
                .update();
        sql.sql("insert into tenant (id, organisation, name) values (?, ?, 'main')")
                .params(tenant, id)
                .update();
        return tenant;
    }

    /// A new secret, for whoever hands out secrets of this strength.
    public static String random() {
        byte[] bytes = new byte[TOKEN_BYTES];
        new SecureRandom().nextBytes(bytes);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /// What is kept of a token.
    public static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
