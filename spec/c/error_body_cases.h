/*
** error_body_cases.h - what the fixtures' error bodies say and mean, by hand.
*/
#ifndef ERROR_BODY_CASES_H
#define ERROR_BODY_CASES_H

#include "base/error_body.h"
#include "check.h"

/* NULL stands for what is not said. */
typedef struct ErrorBodyCase {
  const char *name;
  int status;
  xai_Kind kind;
  int retryable;
  const char *message, *code, *type, *param;
} ErrorBodyCase;

static const ErrorBodyCase error_body_cases[] = {
    {"error.400.incorrect-api-key.json", 400, XAI_KIND_AUTHENTICATION, 0,
     "Incorrect API key provided. Make a new one in the console.",
     "invalid-argument", NULL, NULL},
    {"error.400.invalid-argument.json", 400, XAI_KIND_BAD_REQUEST, 0,
     "Invalid reasoning effort.", "invalid-argument", NULL, NULL},
    {"error.400.malformed-json.txt", 400, XAI_KIND_BAD_REQUEST, 0,
     "Failed to parse the request body as JSON: expected value at line 1 "
     "column 2",
     NULL, NULL, NULL},
    {"error.400.model-not-found.json", 400, XAI_KIND_BAD_REQUEST, 0,
     "Model not found: grok-99", "invalid-argument", NULL, NULL},
    {"error.400.old-style-code.json", 400, XAI_KIND_AUTHENTICATION, 0,
     "Incorrect API key provided: xa***ey. Make a new one in the console.",
     "Client specified an invalid argument", NULL, NULL},
    {"error.400.string-only.json", 400, XAI_KIND_BAD_REQUEST, 0,
     "'response_format' is not supported on /v1/responses \xE2\x80\x94 use "
     "'text.format'",
     NULL, NULL, NULL},
    {"error.400.unsupported-parameter.json", 400, XAI_KIND_BAD_REQUEST, 0,
     "Model grok-4.7 does not support parameter presencePenalty.",
     "invalid-argument", NULL, NULL},
    {"error.401.json", 401, XAI_KIND_AUTHENTICATION, 0,
     "No credentials were supplied. Send an Authorization: Bearer header.",
     "unauthenticated", NULL, NULL},
    {"error.403.permission.json", 403, XAI_KIND_QUOTA, 0,
     "Team 7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e has no credits or licenses.",
     "The caller does not have permission to execute the specified operation",
     NULL, NULL},
    {"error.403.safety.json", 403, XAI_KIND_PERMISSION, 0,
     "Content violates usage guidelines. Failed check: "
     "SAFETY_CHECK_TYPE_EXAMPLE",
     NULL, NULL, NULL},
    {"error.404.model.json", 404, XAI_KIND_NOT_FOUND, 0,
     "Model grok-99 is unknown, or closed to team "
     "7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e.",
     "Some requested entity was not found", NULL, NULL},
    {"error.404.response.json", 404, XAI_KIND_NOT_FOUND, 0,
     "Response with id 00000000-0000-4000-8000-000000000000 was not found.",
     "not-found", NULL, NULL},
    {"error.404.route.json", 404, XAI_KIND_NOT_FOUND, 0,
     "No handler found on route.", "Some requested entity was not found", NULL,
     NULL},
    {"error.410.live-search.json", 410, XAI_KIND_BAD_REQUEST, 0,
     "Live search is deprecated; use server-side tools on /v1/responses.", NULL,
     NULL, NULL},
    {"error.415.txt", 415, XAI_KIND_BAD_REQUEST, 0,
     "Expected request with `Content-Type: application/json`", NULL, NULL,
     NULL},
    {"error.422.chat.txt", 422, XAI_KIND_UNPROCESSABLE, 0,
     "Failed to deserialize the JSON body into the target type: messages: "
     "invalid type: string \"hi\", expected a sequence at line 1 column 24",
     NULL, NULL, NULL},
    {"error.422.json", 422, XAI_KIND_UNPROCESSABLE, 0,
     "Failed to deserialize the JSON body into the target type: data did not "
     "match any variant of untagged enum ModelInput",
     NULL, NULL, NULL},
    {"error.429.credits.json", 429, XAI_KIND_QUOTA, 0,
     "Team 7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e is out of credits or over its "
     "monthly limit.",
     "resource-exhausted", NULL, NULL},
    {"error.429.http", 429, XAI_KIND_RATE_LIMIT, 1,
     "Too many requests for team 7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e and "
     "model grok-4.7 (requests per second 151/150).",
     "resource-exhausted", NULL, NULL},
    {"error.429.old-style-code.json", 429, XAI_KIND_RATE_LIMIT, 1,
     "Too many tokens for team 7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e and model "
     "grok-4.7 (tokens per minute 65605/16000).",
     "Some resource has been exhausted", NULL, NULL},
    {"error.429.rate-limit.json", 429, XAI_KIND_RATE_LIMIT, 1,
     "Too many requests for team 7b1e2d3c-4f5a-4b6c-9d7e-8f9a0b1c2d3e and "
     "model grok-4.7 (requests per second 151/150).",
     "resource-exhausted", NULL, NULL},
    {"error.500.json", 500, XAI_KIND_SERVER, 1, "Internal error", "internal",
     NULL, NULL},
    {"error.502.html", 502, XAI_KIND_SERVER, 1, "502 Bad Gateway", NULL, NULL,
     NULL},
    {"error.503.json", 503, XAI_KIND_SERVER, 1,
     "The model is at capacity; retry later.",
     "The service is currently unavailable", NULL, NULL},
    {"error.anthropic-style.json", 400, XAI_KIND_BAD_REQUEST, 0,
     "max_tokens is required.", NULL, "invalid_request_error", NULL},
    {"error.openai-style.json", 429, XAI_KIND_RATE_LIMIT, 1,
     "Too many requests, slow down.", "rate_limit_exceeded", "rate_limit_error",
     NULL},
    {"chat-completion.soft-error-200.response.json", 200, XAI_KIND_SERVER, 1,
     "Timed out waiting for first token",
     "The service is currently unavailable", NULL, NULL},
};

#define ERROR_BODY_CASES (sizeof error_body_cases / sizeof *error_body_cases)

#endif
