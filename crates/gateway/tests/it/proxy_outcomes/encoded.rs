//! Compressed error bodies are read like plain ones, and passed on as they came.

use testkit::http::Reply;
use testkit::provider::errors::gemini::{self, Per};
use testkit::provider::errors::{anthropic, openai, relatives};
use testkit::provider::{Answer, Script};

use super::table::{Says, check, row};
use crate::support::app_and_provider;
use crate::support::call::Call::{Chat, Generate, Messages};

/// What each encoding makes of data that it leaves uncompressed: it needs decoding, and can be made by hand.
fn stored(encoding: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let [low, high] = length.to_le_bytes();
    match encoding {
        // RFC 1950, with RFC 1951, 3.2.4
        "deflate" => {
            let head = [0x78, 0x01, 0x01, low, high, !low, !high];
            [&head, data, &adler32(data).to_be_bytes()].concat()
        }
        // RFC 7932, 9: window size 16, a meta-block that is uncompressed, one that is last and empty
        "br" => {
            let head = (u32::from(length) - 1) << 4 | 1 << 20;
            [&head.to_le_bytes()[..3], data, &[0x03]].concat()
        }
        // RFC 8878, 3.1.1: a frame of known size in a single segment, one raw block
        "zstd" => {
            let size = u32::from(length);
            let block = (size << 3 | 1).to_le_bytes();
            [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0], &size.to_le_bytes()[..], &block[..3], data].concat()
        }
        other => panic!("{other}"),
    }
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn encoded(encoding: &str, answer: &Answer, status: u16) -> Answer {
    Answer::with_body(status, "application/json", stored(encoding, &answer.body_bytes()))
        .header("content-encoding", encoding)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoded_error_is_judged_by_what_it_holds() {
    let mut rows = vec![
        row("gzip-quota", Chat, openai::quota().gzip(), Says::BadKey),
        row("gzip-limited", Chat, openai::rate_limited("gpt-4o", 20).gzip(), Says::Limited),
        row("gzip-credit", Messages, anthropic::low_credit().gzip(), Says::BadKey),
        row("gzip-invalid", Generate, gemini::invalid_key().gzip(), Says::BadKey),
        row("gzip-day", Generate, gemini::exhausted("gemini-2.5-flash", Per::Day, 20).gzip(), Says::Limited),
        row("gzip-bad", Generate, gemini::bad_request().gzip(), Says::ClientMistake),
        row("gzip-chunks", Chat, relatives::deepseek_balance().gzip().chunked(), Says::BadKey),
    ];
    for (name, encoding) in [("deflate-quota", "deflate"), ("br-quota", "br"), ("zstd-quota", "zstd")] {
        rows.push(row(name, Chat, encoded(encoding, &openai::quota(), 429), Says::BadKey));
    }
    check(&rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoded_error_that_cannot_be_read_is_judged_by_its_status() {
    let (app, provider) = app_and_provider().await;
    let broken = Answer::with_body(400, "application/json", "no gzip at all").header("content-encoding", "gzip");
    provider.otherwise(Script::from(broken));
    let group = Chat.group(&app, "g", &provider).keys(["sk-0123456789abcdef"]).create().await;
    let Reply { status, headers, body, .. } = Chat.through(&group).fetch().await;
    assert_eq!((status, headers.get("content-encoding"), &body[..]), (400, Some("gzip"), &b"no gzip at all"[..]));
}
