//! What browsers and others get of the console.

use axum::body::to_bytes;

use super::*;

/// A console of a page, a script in all its forms, and a picture.
fn files(name: &str) -> Option<File> {
    let data: &'static [u8] = match name {
        "index.html" => b"<page>",
        "index.html.br" => b"page as br",
        "assets/a-1.js" => b"script",
        "assets/a-1.js.br" => b"script as br",
        "assets/a-1.js.gz" => b"script as gzip",
        "icon.svg" => b"<svg>",
        _ => return None,
    };
    let mut hash = [0; 32];
    hash[0] = u8::try_from(data.len()).unwrap();
    Some(File { data: data.into(), hash })
}

fn none(_: &str) -> Option<File> {
    None
}

fn get(path: &str, headers: &[(HeaderName, &str)]) -> Option<Response> {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
    answer_of(files, path, &headers)
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

fn header<'a>(response: &'a Response, name: &HeaderName) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_path_of_the_console_is_its_page_which_is_asked_for_each_time() {
    for path in ["/", "/index.html", "/keys/7", "/keys/a.b"] {
        let response = get(path, &[(ACCEPT, "text/html,application/xml;q=0.9,*/*;q=0.8")]).unwrap();
        assert_eq!(
            (header(&response, &CACHE_CONTROL), header(&response, &CONTENT_ENCODING)),
            ("no-cache", ""),
            "{path}"
        );
        assert_eq!(text(response).await, "<page>", "{path}");
    }
    let page = get("/", &[]).unwrap();
    let again = get("/", &[(IF_NONE_MATCH, header(&page, &ETAG))]).unwrap();
    assert_eq!((again.status(), header(&again, &ETAG)), (StatusCode::NOT_MODIFIED, header(&page, &ETAG)));
    assert_eq!(text(again).await, "");
    assert_eq!(get("/", &[(IF_NONE_MATCH, "W/\"another\"")]).unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn files_whose_names_change_with_their_content_are_kept_for_ever() {
    let response = get("/assets/a-1.js", &[]).unwrap();
    assert_eq!(header(&response, &CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(header(&response, &CONTENT_TYPE), "text/javascript; charset=utf-8");
    assert_eq!(text(response).await, "script");
    let icon = get("/icon.svg", &[]).unwrap();
    assert_eq!((header(&icon, &CACHE_CONTROL), header(&icon, &CONTENT_TYPE)), ("no-cache", "image/svg+xml"));
}

#[tokio::test]
async fn the_smallest_form_that_is_taken_is_sent() {
    for (accepted, coding, body) in [
        ("gzip, deflate, br, zstd", "br", "script as br"),
        ("br;q=0, gzip;q=0.5", "gzip", "script as gzip"),
        ("GZIP", "gzip", "script as gzip"),
        ("zstd", "", "script"),
        ("", "", "script"),
    ] {
        let response = get("/assets/a-1.js", &[(ACCEPT_ENCODING, accepted)]).unwrap();
        assert_eq!((header(&response, &CONTENT_ENCODING), header(&response, &VARY)), (coding, "accept-encoding"));
        assert_eq!(text(response).await, body, "{accepted}");
    }
}

#[test]
fn what_is_neither_a_file_nor_asked_for_as_a_page_is_nothing() {
    assert!(get("/assets/a-0.js", &[(ACCEPT, "*/*")]).is_none());
    assert!(get("/keys", &[(ACCEPT, "application/json")]).is_none());
    assert!(get("/keys", &[(ACCEPT, "text/html;q=0, application/json")]).is_none());
}

#[tokio::test]
async fn nothing_is_framed_guessed_or_loaded_from_elsewhere() {
    for response in [get("/", &[]), get("/assets/a-1.js", &[]), answer_of(none, "/", &HeaderMap::new())] {
        let response = response.unwrap();
        let policy = header(&response, &CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&response, &X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(header(&response, &REFERRER_POLICY), "no-referrer");
    }
}

#[tokio::test]
async fn a_program_without_a_console_says_so() {
    let response = answer_of(none, "/keys", &HeaderMap::new()).unwrap();
    assert_eq!(header(&response, &CONTENT_TYPE), "text/html; charset=utf-8");
    assert!(text(response).await.contains("make build"));
}
