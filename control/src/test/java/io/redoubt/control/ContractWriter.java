// Copyright 2026 the Redoubt authors. SPDX-License-Identifier: Apache-2.0
package io.redoubt.control;

import io.redoubt.control.web.Problem;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.stereotype.Component;

/// Says in the contract what holds for every route: the token, and the shape of an error.
@Component
class ContractWriter implements OpenApiCustomizer {
    @Override
    public void customise(OpenAPI contract) {
        contract.getComponents()
                .addSecuritySchemes(
                        "token",
                        new SecurityScheme().type(SecurityScheme.Type.HTTP).scheme("bearer"));
        contract.addSecurityItem(new SecurityRequirement().addList("token"));
        ModelConverters.getInstance()
                .read(Problem.class)
                .forEach((name, schema) -> contract.getComponents().addSchemas(name, schema));
        var problem =
                new ApiResponse()
                        .description("Refused: what, why, and what to do next")
                        .content(
                                new Content()
                                        .addMediaType(
                                                "application/problem+json",
                                                new MediaType()
                                                        .schema(
                                                                new Schema<>()
                                                                        .$ref(
                                                                                "#/components/schemas/Problem"))));
        contract.getPaths()
                .values()
                .forEach(path ->
                        path.readOperations()
                                .forEach(operation -> {
                                    operation.setTags(null);
                                    operation.getResponses().addApiResponse("default", problem);
                                }));
    }
}
