//! The `mock-provider` program as a child process.

use testkit::App;
use testkit::http::Request;

#[tokio::test]
async fn the_program_serves_and_counts() {
    let app = App::builder(env!("CARGO_BIN_EXE_mock-provider")).arg("--quiet").arg("--threads").arg("2").start().await;
    let models = |key: &str| Request::get(&app.url("/v1/models")).bearer(key);
    assert_eq!(models("sk-ok-1").fetch().await.status, 200);
    assert_eq!(models("sk-dead-1").fetch().await.status, 401);
    let stats = Request::get(&app.url("/__mock/stats")).fetch().await.json();
    assert_eq!(stats["by_key"]["sk-dead-1"]["401"], 1);
    assert_eq!(app.output(), format!("listening on http://{}\n", app.addr()));
}

#[tokio::test]
async fn the_program_records_to_a_file() {
    let app = App::builder(env!("CARGO_BIN_EXE_mock-provider")).arg("--record").arg("requests").start().await;
    Request::get(&app.url("/v1/models")).fetch().await;
    let recorded = std::fs::read_to_string(app.dir().join("requests")).unwrap();
    assert!(recorded.contains(r#""target":"/v1/models""#), "{recorded}");
    assert!(app.output().contains("limited"), "without --quiet it tells the words: {}", app.output());
}
