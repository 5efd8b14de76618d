//! That the description is whole.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::EXAMPLES;
use crate::admin::tests::kit::Api;

#[tokio::test]
async fn every_operation_has_an_example_and_every_example_an_operation() {
    let document = Api::new().await.get("/api/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
    });
    let mut examples: Vec<_> = EXAMPLES.keys().map(String::as_str).collect();
    for (name, operation) in operations {
        let place = examples.iter().position(|example| *example == name);
        examples.remove(place.unwrap_or_else(|| panic!("{name} has no example in openapi/examples.json")));
        let shown = |body: &Value| {
            body.get("content")
                .is_none_or(|content| content.as_object().unwrap().values().any(|it| it.get("example").is_some()))
        };
        assert!(operation.get("requestBody").is_none_or(shown), "{name} has no example of a request");
        assert!(shown(&operation["responses"]["200"]), "{name} has no example of an answer");
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|it| it["required"] == true) {
            assert!(parameter.get("example").is_some(), "{name} has no example of {}", parameter["name"]);
        }
    }
    assert_eq!(examples, [""; 0], "these are no operations");
}

/// The console's types are made from this file. `UPDATE_DOCS=1 cargo test -p gateway --bin gpt-load openapi` writes it anew.
#[tokio::test]
async fn the_console_has_the_description_as_it_is() {
    let document = Api::new().await.get("/api/openapi.json").await.json();
    let text = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    if fs::read_to_string(&path).is_ok_and(|stored| stored == text) {
        return;
    }
    assert!(std::env::var_os("UPDATE_DOCS").is_some(), "web/openapi.json is stale; see this test's doc");
    fs::write(&path, text).unwrap();
}

#[tokio::test]
async fn references_lead_somewhere() {
    let document = Api::new().await.get("/api/openapi.json").await.json();
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap());
    assert!(references.clone().count() > 50);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}
