//! What is said in which language.

use http::Request;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use serde_json::{Value, json};

use super::kit::{AUTH_KEY, Api, Reply, group};

/// A call in a language.
async fn call(api: &Api, language: &str, method: &str, path: &str, body: Value) -> Reply {
    let request = Request::builder().method(method).uri(path).header(ACCEPT_LANGUAGE, language);
    let request = request.header(AUTHORIZATION, format!("Bearer {AUTH_KEY}"));
    api.send(request.body(body.to_string().into()).unwrap()).await
}

#[tokio::test]
async fn messages_are_in_the_language_that_is_asked_for() {
    let api = Api::new().await;
    let id = api.group("g").await;
    let weight = json!({"sub_groups": [{"group_id": id, "weight": 1001}]});
    let cases = [
        ("GET", "/api/groups".to_owned(), json!({}), ["Success", "操作成功", "成功しました"]),
        (
            "POST",
            format!("/api/groups/{id}/sub-groups"),
            weight,
            [
                "weight: \"1001\" is not allowed; a whole number from 0 to 1000",
                "weight：不允许 \"1001\"；应为 0 到 1000 的整数",
                "weight：\"1001\" は使えません。0 から 1000 までの整数を指定してください",
            ],
        ),
        (
            "PUT",
            "/api/settings".to_owned(),
            json!({"max_retries": "5"}),
            [
                "max_retries: \"5\" is not allowed; a whole number from 0 to 100",
                "max_retries：不允许 \"5\"；应为 0 到 100 的整数",
                "max_retries：\"5\" は使えません。0 から 100 までの整数を指定してください",
            ],
        ),
        (
            "DELETE",
            "/api/groups/99".to_owned(),
            json!({}),
            ["there is no group 99", "分组 99 不存在", "グループ 99 はありません"],
        ),
    ];
    for (method, path, body, expected) in cases {
        for (language, expected) in ["fr, *;q=0.1", "zh-CN,zh;q=0.9,en;q=0.8", "en;q=0.5,ja"].iter().zip(expected) {
            let reply = call(&api, language, method, &path, body.clone()).await;
            assert_eq!(reply.json()["message"], expected, "{method} {path} in {language}");
        }
    }
}

#[tokio::test]
async fn authentication_and_duplicates_are_english_always() {
    let api = Api::new().await;
    api.group("g").await;
    let duplicate = call(&api, "zh-CN", "POST", "/api/groups", group("g")).await;
    assert_eq!(duplicate.error(), (409, "DUPLICATE_RESOURCE".into(), "name: this value is already taken".into()));
    let request = Request::get("/api/groups").header(ACCEPT_LANGUAGE, "ja");
    let stranger = api.send(request.body(String::new().into()).unwrap()).await;
    let english = "the admin key (AUTH_KEY) is missing or wrong";
    assert_eq!(stranger.error(), (401, "UNAUTHORIZED".into(), english.into()));
    let login = call(&api, "ja", "POST", "/api/auth/login", json!({"auth_key": "wrong"})).await;
    assert_eq!(login.json()["message"], english);
}

#[tokio::test]
async fn what_the_console_shows_is_translated() {
    let api = Api::new().await;
    for (language, category, name, line) in [
        ("en", "Basic", "Retries", "Successful requests"),
        ("zh", "基础", "重试次数", "成功请求"),
        ("ja", "基本", "再試行回数", "成功したリクエスト"),
    ] {
        let get = async |path| call(&api, language, "GET", path, json!({})).await.data();
        let categories = get("/api/settings").await;
        assert_eq!(categories[0]["category_name"], category);
        assert_eq!(categories[0]["settings"][0]["category"], category);
        let options = get("/api/groups/config-options").await;
        let retries = options.as_array().unwrap().iter().find(|option| option["key"] == "max_retries").unwrap();
        assert_eq!(retries["name"], name);
        assert_eq!(get("/api/dashboard/chart").await["datasets"][0]["label"], line);
    }
}
