// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control.recovery;

import io.redoubt.core.port.Clock;
import io.redoubt.core.system.SystemClock;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/// What grants are counted with.
@Configuration(proxyBeanMethods = false)
class RecoveryConfiguration {
    @Bean
    Clock clock() {
        return new SystemClock();
    }

    @Bean
    Incarnation incarnation(JdbcClient sql, RecoverySettings settings) throws IOException {
        return Incarnation.next(sql, settings.incarnationFile());
    }
}
