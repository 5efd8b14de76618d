//! What is read from a provider's answer: the first event of a stream, and the error a failed one tells.

use divan::{Bencher, black_box};
use domain::classify::first_event::FirstEvent;
use domain::classify::{Answer, Policy, judge};
use domain::status_codes::StatusSet;
use http::HeaderMap;

fn main() {
    divan::main();
}

#[divan::bench]
fn first_event() -> domain::classify::first_event::Verdict {
    FirstEvent::new().push(black_box(
        b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"gpt-4o-mini\",\
        \"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
    ))
}

#[divan::bench]
fn first_event_after_a_long_comment(bencher: Bencher<'_, '_>) {
    let stream = format!(": {}\n\ndata: {{\"choices\":[]}}\n\n", "PROCESSING ".repeat(100));
    bencher.bench_local(|| FirstEvent::new().push(black_box(stream.as_bytes())));
}

#[divan::bench]
fn success(bencher: Bencher<'_, '_>) {
    judged(bencher, 200, b"");
}

#[divan::bench]
fn rate_limit(bencher: Bencher<'_, '_>) {
    judged(
        bencher,
        429,
        br#"{"error":{"message":"Rate limit reached for gpt-4o-mini in organization org-1 on tokens per min (TPM): Limit 200000, Used 199000. Please try again in 300ms.","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
    );
}

#[divan::bench]
fn refused_key(bencher: Bencher<'_, '_>) {
    judged(
        bencher,
        401,
        br#"{"error":{"message":"Incorrect API key provided: sk-12***********cdef.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
    );
}

#[divan::bench]
fn page_of_an_edge(bencher: Bencher<'_, '_>) {
    let page = format!("<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>{}</html>", "<p>".repeat(1000));
    judged(bencher, 502, page.as_bytes());
}

fn judged(bencher: Bencher<'_, '_>, status: u16, body: &[u8]) {
    let failover: StatusSet = "401-403,408,425,429,500-599".parse().unwrap_or_default();
    let blacklist = StatusSet::default();
    let headers = HeaderMap::new();
    let policy = Policy { failover: &failover, blacklist: &blacklist };
    bencher.bench_local(|| judge(black_box(&Answer { status, headers: &headers, body }), &policy));
}
