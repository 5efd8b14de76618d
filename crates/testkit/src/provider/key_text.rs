//! Behaviour told by a word in the key itself, for demos, SDKs and benchmarks that have no test to script them.

use std::time::Duration;

use super::answer::{Answer, At, Fault};
use super::api;
use super::errors::{self, Kind};
use super::script::Call;

/// Seconds a limited key is told to wait.
const LIMITED_SECONDS: u64 = 20;

const SLOW: Duration = Duration::from_secs(2);

const SLOW_CHUNKS: Duration = Duration::from_millis(200);

/// Every word and what it means, for the binary's help. A word stands between dashes: `sk-dead-1`, `AIza-limited-2`.
pub const WORDS: &str = "\
  dead       the key is refused: 401, Gemini 400
  limited    429, Retry-After 20
  quota      no money left
  suspended  the key or its account was shut down
  flaky      half of the calls fail with 500
  overloaded 503, Anthropic 529
  slow       2 s before the head, 200 ms between chunks
  hang       no answer, ever
  cut        the answer ends in its middle
  reset      the connection is reset before the head
  others     good answers";

/// The answer that the call's key asks for.
pub(super) fn answer(call: &Call<'_>) -> Answer {
    let request = call.request;
    let fails = |kind| errors::answer(kind, request);
    let ok = || api::answer(request);
    let words = request.key.iter().flat_map(|key| key.split('-'));
    let mut asked = words.filter_map(|word| {
        Some(match word {
            "dead" => fails(Kind::InvalidKey),
            "limited" => fails(Kind::RateLimited { seconds: LIMITED_SECONDS }),
            "quota" => fails(Kind::Quota),
            "suspended" => fails(Kind::Suspended),
            "flaky" if fails_now(call.number) => fails(Kind::ServerError),
            "overloaded" => fails(Kind::Overloaded),
            "slow" => ok().after(SLOW).every(SLOW_CHUNKS),
            "hang" => Answer::hang(),
            "cut" => cut(ok()),
            "reset" => Answer::reset(),
            _ => return None,
        })
    });
    asked.next().unwrap_or_else(ok)
}

/// Half of all numbers, in no order that a pattern of retries could keep step with (Fibonacci hashing).
fn fails_now(number: u64) -> bool {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 63 == 1
}

fn cut(answer: Answer) -> Answer {
    let half = answer.body_bytes().len() / 2;
    answer.fault(At::Body(half), Fault::Close)
}
