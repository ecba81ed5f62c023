//! What is true of every route, put into the OpenAPI document at one place.

use utoipa::openapi::ContentBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Response;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::SecurityRequirement;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::HttpBuilder;
use utoipa::openapi::security::SecurityScheme;

use crate::admin::problem::PROBLEM_JSON;

/// What bodies may be refused for before anybody looks at what they say.
const BODY_REFUSED: [(&str, &str); 2] = [
    ("413", "longer than a body may be"),
    ("415", "not Content-Type: application/json"),
];

/// Completes what the routes tell of themselves.
pub(super) fn complete(document: &mut OpenApi) {
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    let needed = SecurityRequirement::new("token", Vec::<String>::new());
    document.security = Some(vec![needed]);
    for item in document.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            tell_problems(operation);
        }
    }
}

/// A problem has a content type of its own (RFC 9457 §3).
fn tell_problems(operation: &mut Operation) {
    if operation.request_body.is_some() {
        for (status, why) in BODY_REFUSED {
            let responses = &mut operation.responses.responses;
            let response = responses.entry(status.to_owned());
            response.or_insert_with(|| RefOr::T(problem(why)));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let content = std::mem::take(&mut response.content).into_values();
            response.content = content
                .map(|content| (PROBLEM_JSON.to_owned(), content))
                .collect();
        }
    }
}

fn problem(why: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(why)
        .content(PROBLEM_JSON, content)
        .build()
}
