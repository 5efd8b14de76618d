use super::*;

pub(super) fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let pair =
        |(name, value): &(&str, &str)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    lines.iter().map(pair).collect()
}

pub(super) fn lines(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let mut lines: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn hop_by_hop_headers_go() {
    let mut all = headers(&[
        ("connection", "close, X-One"),
        ("connection", "x-two ,Content-Length, host, TE,,bad name"),
        ("x-one", "1"),
        ("x-two", "2"),
        ("x-two", "3"),
        ("keep-alive", "5"),
        ("proxy-connection", "x"),
        ("proxy-authenticate", "x"),
        ("proxy-authorization", "x"),
        ("te", "gzip;q=0.5, Trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("content-length", "3"),
        ("host", "h"),
        ("trailer", "x-sum"),
        ("accept", "a"),
        ("accept", "b"),
    ]);
    strip_hop_by_hop(&mut all);
    let kept = [
        ("accept", "a"),
        ("accept", "b"),
        ("content-length", "3"),
        ("host", "h"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
    ];
    assert_eq!(lines(&all), kept);
}

#[test]
fn te_is_kept_for_trailers_only() {
    for (te, kept) in
        [("trailers", true), ("gzip", false), ("trailers;q=0.5", false), ("x-trailers", false), ("", false)]
    {
        let mut all = headers(&[("te", te)]);
        strip_hop_by_hop(&mut all);
        assert_eq!(all.contains_key(TE), kept, "{te}");
    }
}

#[test]
fn the_clients_identity_goes() {
    let mut all = headers(&[
        ("forwarded", "for=1"),
        ("x-forwarded-for", "1"),
        ("x-forwarded-for", "2"),
        ("x-forwarded-anything", "1"),
        ("x-real-ip", "1"),
        ("cf-connecting-ip", "1"),
        ("cf-ray", "1"),
        ("cdn-loop", "1"),
        ("via", "1"),
        ("x-forwarded", "kept"),
        ("user-agent", "kept"),
        ("cfx", "kept"),
    ]);
    strip_for_provider(&mut all);
    assert_eq!(lines(&all), [("cfx", "kept"), ("user-agent", "kept"), ("x-forwarded", "kept")]);
}

#[test]
fn all_credentials_go() {
    let mut all = headers(&[
        ("authorization", "Bearer a"),
        ("authorization", "Basic b"),
        ("x-api-key", "c"),
        ("x-goog-api-key", "d"),
        ("api-key", "e"),
        ("api-key", "f"),
        ("x-api-key-id", "kept"),
    ]);
    strip_for_provider(&mut all);
    assert_eq!(lines(&all), [("x-api-key-id", "kept")]);
}

#[test]
fn the_first_credential_present_counts() {
    let carriers = [("api-key", "e"), ("x-goog-api-key", "d"), ("x-api-key", "c"), ("authorization", "bEARER  b")];
    for (count, want) in [(0, None), (1, Some("e")), (2, Some("d")), (3, Some("c")), (4, Some("b"))] {
        assert_eq!(credential(&headers(&carriers[..count]), Some("x=1")).as_deref(), want);
    }
    assert_eq!(credential(&headers(&carriers), Some("x&key=%61")).as_deref(), Some("a"));
}

#[test]
fn what_holds_no_credential_counts_as_absent() {
    for (line, query) in [
        (("authorization", "Basic abc"), None),
        (("authorization", "Bearer"), None),
        (("authorization", "Bearer "), None),
        (("authorization", "Bearerabc"), None),
        (("x-api-key", " "), None),
        (("accept", "x"), Some("key=")),
    ] {
        let all = headers(&[line, ("api-key", "last")]);
        assert_eq!(credential(&all, query).as_deref(), Some("last"), "{line:?} {query:?}");
    }
    let two = headers(&[("authorization", "Basic a"), ("authorization", "Bearer b")]);
    assert_eq!(credential(&two, None).as_deref(), Some("b"));
    let mut raw = HeaderMap::new();
    raw.insert("x-api-key", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(credential(&raw, None), None);
}
