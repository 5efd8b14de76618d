//! Who may scrape.

use testkit::app::AUTH_KEY;

use super::bare;
use crate::support::builder;

const TOKEN: &str = "a-token-for-prometheus-alone";

#[tokio::test]
async fn without_a_token_of_its_own_it_asks_for_the_admin_key() {
    let app = builder().start().await;
    for (key, status) in [(None, 401), (Some("wrong"), 401), (Some(AUTH_KEY), 200)] {
        let request = key.map_or_else(|| bare(&app), |key| bare(&app).bearer(key));
        assert_eq!(request.fetch().await.status, status, "{key:?}");
    }
}

#[tokio::test]
async fn with_one_it_asks_for_that_and_opens_nothing_else() {
    let app = builder().env("METRICS_TOKEN", TOKEN).start().await;
    for (key, status) in [(TOKEN, 200), (AUTH_KEY, 401)] {
        assert_eq!(bare(&app).bearer(key).fetch().await.status, status, "{key}");
    }
    let groups = testkit::http::Request::get(&app.url("/api/groups")).bearer(TOKEN).fetch().await;
    assert_eq!(groups.status, 401);
}
