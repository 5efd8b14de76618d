//! What the environment says: faults, warnings, the `.env` file.

use serde_json::json;
use testkit::app::{AUTH_KEY, Api};
use testkit::http::Request;
use testkit::servers::Engine;

use super::{builder_without, ended};
use crate::support::{BINARY, builder, on_sqlite};

const SECRET: &str = "hunter2-hunter2-hunter2";

#[tokio::test]
async fn all_faults_are_told_at_once_and_no_secret() {
    for command in [None, Some("check")] {
        let login = |url: &str| url.replace("LOGIN", &format!("user:{SECRET}"));
        let faulty = builder()
            .env("AUTH_KEY", SECRET)
            .env("ENCRYPTION_KEY", SECRET)
            .env("HOST", "not a host")
            .env("DATABASE_DSN", &login("mongodb://LOGIN@127.0.0.1/db"))
            .env("HTTP_PROXY", &login("ftp://LOGIN@127.0.0.1:1"))
            .env("HTTPS_PROXY", &login("http://LOGIN@"))
            .env("TRUSTED_PROXIES", "loopback,10.0.0.0/99");
        let (code, output) = ended(command.into_iter().fold(faulty, testkit::app::Builder::arg)).await;
        assert_eq!(code, Some(2), "{output}");
        for name in ["HOST", "DATABASE_DSN", "HTTP_PROXY", "HTTPS_PROXY", "TRUSTED_PROXIES"] {
            assert!(output.lines().any(|line| line.starts_with(&format!("{name}: "))), "{name} in:\n{output}");
        }
        assert!(output.contains("10.0.0.0/99") && !output.contains(SECRET), "{output}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_fault_like_the_others() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let on_it = || builder().env("PORT", &address.port().to_string());
    let (code, output) = ended(on_it()).await;
    assert_eq!(code, Some(2), "{output}");
    assert!(
        output.contains(&format!("PORT: the address {address} can't be bound: Address already in use")),
        "{output}"
    );
    let (code, output) = ended(on_it().env("DATABASE_DSN", "nosuch://x")).await;
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains("PORT: ") && output.contains("DATABASE_DSN: "), "{output}");
}

#[tokio::test]
async fn a_second_server_on_a_data_folder_ends_and_says_why() {
    let app = builder().start().await;
    let (code, output) = ended(app.beside(BINARY)).await;
    assert!(code.is_some_and(|code| code != 0), "{output}");
    let holder = format!("in use by another GPT-Load (process {})", app.pid());
    assert!(output.contains(&holder), "{output}");
    assert_eq!(app.api().get("/api/groups").await.0, 200, "the first one goes on");
}

#[tokio::test]
async fn values_that_1_4_replaced_by_defaults_get_a_warning() {
    let cases = [
        ("SERVER_READ_TIMEOUT", "60s", "60"),
        ("SERVER_GRACEFUL_SHUTDOWN_TIMEOUT", "5", "10"),
        ("LOG_LEVEL", "loud", "info"),
        ("LOG_FORMAT", "xml", "text"),
        ("MAX_CONCURRENT_REQUESTS", "many", "0"),
        ("ENABLE_CORS", "enabled", "false"),
        ("IS_SLAVE", "maybe", "false"),
        ("TZ", "Atlantis/Capital", ""),
    ];
    let app = cases.iter().fold(builder(), |builder, (name, value, _)| builder.env(name, value)).start().await;
    let output = app.output();
    for (name, value, used) in cases {
        let line = output.lines().find(|line| line.contains(name) && line.contains("WARN"));
        let line = line.unwrap_or_else(|| panic!("no warning about {name} in:\n{output}"));
        assert!(line.contains(value) && line.contains(&format!("used: {used}")), "{line}");
    }
}

#[tokio::test]
async fn origins_of_all_kinds_do_not_get_credentials() {
    let cors = [("ENABLE_CORS", "true"), ("ALLOWED_ORIGINS", "*"), ("ALLOW_CREDENTIALS", "true")];
    let app = cors.iter().fold(builder(), |builder, (name, value)| builder.env(name, value)).start().await;
    assert!(
        app.output().lines().any(|line| line.contains("WARN") && line.contains("ALLOW_CREDENTIALS")),
        "{}",
        app.output()
    );
    let request = app.api().request("GET", "/api/groups").header("Origin", "https://evil.example");
    let reply = request.fetch().await;
    assert_eq!((reply.status, reply.headers.get("access-control-allow-credentials")), (200, None));
}

#[tokio::test]
async fn the_dotenv_file_is_read_and_the_environment_wins() {
    let file = "# comment\nexport AUTH_KEY='sk-from-the-file-$0123'  # its own\n\
                HOST=127.0.0.1\nFOLDER=elsewhere\nDATABASE_DSN=\"./${FOLDER}/my.db\"\nLOG_LEVEL=debug\n";
    let app = builder_without(&["AUTH_KEY", "HOST", "DATABASE_DSN"])
        .file(".env", file)
        .env("LOG_LEVEL", "warn")
        .start()
        .await;
    let api = Api::new(app.addr(), "sk-from-the-file-$0123");
    assert_eq!(api.get("/api/groups").await.0, 200);
    assert!(app.dir().join("elsewhere/my.db").exists() && !app.dir().join("data").exists());
    assert!(!app.output().contains("INFO"), "the environment's LOG_LEVEL:\n{}", app.output());

    let app = builder().file(".env", "AUTH_KEY=sk-of-the-file-0123456789\n").start().await;
    assert_eq!(app.api().get("/api/groups").await.0, 200, "AUTH_KEY of the environment");
}

#[tokio::test]
async fn a_dotenv_file_that_can_not_be_read_is_a_fault_unless_the_environment_has_the_admin_key() {
    let file = "AUTH_KEY=\"sk-never-closed\n";
    let (code, output) = ended(builder_without(&["AUTH_KEY"]).file(".env", file)).await;
    assert_eq!(code, Some(2), "{output}");
    assert!(output.contains(".env: line 1") && !output.contains("sk-never-closed"), "{output}");
    let app = builder().file(".env", file).start().await;
    assert!(
        app.output().lines().any(|line| line.contains("WARN") && line.contains(".env: line 1")),
        "{}",
        app.output()
    );
}

#[tokio::test]
async fn log_format_level_and_file_are_followed() {
    let log = [("LOG_FORMAT", "json"), ("LOG_ENABLE_FILE", "true"), ("LOG_FILE_PATH", "./logs/own.log")];
    let app = log.iter().fold(builder(), |builder, (name, value)| builder.env(name, value)).start().await;
    let lines = app.eventually("a line of JSON in the log file", async || {
        let text = std::fs::read_to_string(app.dir().join("logs/own.log")).unwrap_or_default();
        text.lines().next().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
    });
    assert_eq!(lines.await["level"], json!("INFO"));
    let on_stderr = app.output();
    assert!(on_stderr.lines().any(|line| line.starts_with('{') && line.contains("serving")), "{on_stderr}");
}

#[tokio::test]
async fn the_host_may_be_a_name() {
    let app = builder().env("HOST", "localhost").start().await;
    assert!(app.addr().ip().is_loopback(), "{}", app.addr());
    let settings = app.api().data("/api/settings").await.to_string();
    assert!(settings.contains(&format!("http://localhost:{}", app.addr().port())), "{settings}");
}

#[tokio::test]
async fn a_slave_prepares_the_database_that_is_its_own() {
    let app = on_sqlite().env("IS_SLAVE", "true").start().await;
    assert_eq!(app.api().data("/api/groups").await, json!([]));
}

#[tokio::test]
async fn a_slave_waits_until_another_has_prepared_the_database_that_they_share() {
    if Engine::of_tests() == Engine::Sqlite {
        return;
    }
    let mut app = builder().start().await;
    let (code, output) = ended(builder().env("IS_SLAVE", "true")).await;
    assert!(code == Some(1) && output.contains("start a node without IS_SLAVE first"), "{output}");
    app.kill9().await;
    let slave = app.beside(BINARY).env("IS_SLAVE", "true").start().await;
    assert_eq!(slave.api().data("/api/groups").await, json!([]));
}

#[tokio::test]
async fn the_first_admin_key_becomes_the_first_global_proxy_key() {
    let app = builder().start().await;
    let reply = app.proxied("GET", "nosuch", "/v1/models", AUTH_KEY).fetch().await;
    assert_eq!(reply.status, 404, "a group that is not there: {}", reply.text());
    let settings = app.api().data("/api/settings").await.to_string();
    assert!(settings.contains(AUTH_KEY) && settings.contains(&format!("http://127.0.0.1:{}", app.addr().port())));
    assert_eq!(Request::get(&app.url("/api/groups")).fetch().await.status, 401);
}
