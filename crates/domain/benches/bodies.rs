//! What is read from and changed in a request's body: the model and the stream flag, overrides, the model sent.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use domain::raw_object::RawObject;
use domain::rewrite::{hints, models, params};

const SIZES: [usize; 2] = [1024, 100 * 1024];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn model_and_stream_flag(bencher: Bencher<'_, '_>, bytes: usize) {
    let body = chat(bytes);
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| hints::hints(Some("application/json"), black_box(&body), true));
}

#[divan::bench(args = SIZES)]
fn overrides(bencher: Bencher<'_, '_>, bytes: usize) {
    let body = chat(bytes);
    let overrides: RawObject = serde_json::from_str(r#"{"temperature":0.2,"max_tokens":512}"#).unwrap_or_default();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| params::apply(black_box(&body), &overrides));
}

#[divan::bench(args = SIZES)]
fn model_redirect(bencher: Bencher<'_, '_>, bytes: usize) {
    let body = chat(bytes);
    let replace = || models::replace_in_body(Some("application/json"), black_box(&body), "gpt-4o-mini-2024-07-18");
    bencher.counter(BytesCount::new(bytes)).bench_local(replace);
}

/// A conversation of messages of 200 bytes, each with an escape, and the model behind them, where SDKs write it.
fn chat(bytes: usize) -> Vec<u8> {
    let end = br#"{"role":"user","content":"Go on"}],"model":"gpt-4o-mini","temperature":1,"stream":true}"#;
    let mut body = br#"{"messages":["#.to_vec();
    while body.len() + 200 + end.len() <= bytes {
        let text = "word and \\n".repeat(15);
        body.extend_from_slice(format!(r#"{{"role":"user","content":"{text}"}},"#).as_bytes());
    }
    body.extend_from_slice(end);
    body.resize(bytes, b' ');
    body
}
