// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionTemplate;

/// Pool, schema, transactions. Whoever gets the data source finds the schema up to date.
@Configuration(proxyBeanMethods = false)
class DatabaseConfiguration {
    private static final int CONNECTIONS_MAX = 24;

    /// A request waits so long for a connection; then it is told that the database is away.
    private static final Duration CONNECTION_WAIT_MAX = Duration.ofSeconds(2);

    @Bean(destroyMethod = "close")
    HikariDataSource pool(DatabaseAddress address) {
        var config = new HikariConfig();
        config.setJdbcUrl(address.url());
        config.setUsername(address.user());
        config.setPassword(address.password());
        config.setMaximumPoolSize(CONNECTIONS_MAX);
        config.setMinimumIdle(2);
        config.setConnectionTimeout(CONNECTION_WAIT_MAX.toMillis());
        config.setPoolName("redoubt");
        var pool = new HikariDataSource(config);
        Flyway.configure().dataSource(pool).load().migrate();
        return pool;
    }

    /// Knows the running transaction, so that the workflow engine joins it.
    @Bean
    @org.springframework.context.annotation.Primary
    DataSource dataSource(HikariDataSource pool) {
        return new TransactionAwareDataSourceProxy(pool);
    }

    @Bean
    JdbcClient jdbcClient(HikariDataSource pool) {
        return JdbcClient.create(pool);
    }

    @Bean
    TransactionTemplate transactions(HikariDataSource pool) {
        return new TransactionTemplate(new DataSourceTransactionManager(pool));
    }
}
