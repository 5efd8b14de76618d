//! What an answer means: the outcome table is asked, and key and upstream are told what it says.

use std::sync::Arc;
use std::time::Duration;

use domain::classify::rest::named;
use domain::classify::{self, Judgement, Outcome, judge};
use domain::guards::{Fate, mass_refusal};
use domain::secret::mask_in;
use jiff::Timestamp;
use upstream::SourceFailure;

use super::attempt::{BadAnswer, NoAnswer};
use super::guards;
use super::plan::{Choice, Tried};
use crate::clock::{self, Seldom, seconds};
use crate::keyring::Limit;
use crate::keyring::changes::KeyFault;
use crate::snapshot::health::Health;

/// What became of an attempt that failed.
pub struct Failure {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether another attempt may help.
    pub retry: bool,
    /// The status for the log.
    pub status: u16,
    /// What the provider said, or what went wrong; the key masked.
    pub message: String,
    /// How long the key rests because of it.
    pub rest: Option<Duration>,
    /// Whether the key became invalid by it.
    pub is_key_out: bool,
}

/// A key that may be at fault or not: settled when the same request succeeds with another one.
pub struct Doubt {
    /// Who made the attempt.
    choice: Arc<Choice>,
    /// The model that went to the provider.
    model: Option<Box<str>>,
    /// What the provider said.
    fault: KeyFault,
}

impl Doubt {
    /// The request has succeeded with another key of `choice`, which sent it for `model`. If that was the same request, and not one that
    /// another sub-group has made of it for another provider or model, it was this key's fault.
    pub fn settle(self, choice: &Choice, model: Option<&str>) {
        let url = |choice: &Choice| choice.upstream().map(|upstream| Arc::clone(&upstream.url));
        let same_elsewhere = || self.model.as_deref() == model && url(&self.choice) == url(choice);
        if self.choice.service.id == choice.service.id || same_elsewhere() {
            guards::blame(&self.choice, self.fault);
        }
    }
}

/// Judges an error answer.
pub fn bad_answer(
    choice: &Arc<Choice>,
    model: Option<&str>,
    bad: &BadAnswer,
    tried: &mut Tried,
    doubts: &mut Vec<Doubt>,
) -> Failure {
    let answer = classify::Answer { status: bad.status, headers: &bad.answer.head.headers, body: &bad.excerpt };
    let judgement = judge(&answer, &choice.service.policy());
    let message = mask_in(&judgement.message, choice.key.secret.expose()).into_owned();
    let fault = || KeyFault { status: bad.status, message: message.clone(), at: Timestamp::now() };
    let (mut rest, mut is_key_out) = (None, false);
    match judgement.outcome {
        Outcome::SickUpstream => {
            choice.key.shaken();
            upstream_failed(choice, model, tried, |health| {
                health.answer_failed(model, choice.ticket, clock::mono_ms())
            });
        }
        Outcome::RateLimited => {
            let limits_address = guards::limited(choice, model, judgement.quota.names_owner);
            let limit = Limit {
                named: named(answer.headers, &judgement.error, Timestamp::now()),
                quota: judgement.quota,
                base: seconds(choice.service.settings.rate_limit_cooldown_seconds),
                doubles: !limits_address,
                source: guards::source(choice),
            };
            rest = Some(choice.service.pool.limited(&choice.key, model, limit));
            choice.service.pool.explain(&choice.key, fault());
        }
        Outcome::BadKey => {
            let fate = guards::refused(choice, fault());
            rest = (fate == Some(Fate::Rest)).then_some(mass_refusal::REST);
            is_key_out = fate == Some(Fate::Invalid);
        }
        Outcome::Doubtful => {
            doubts.push(Doubt { choice: Arc::clone(choice), model: model.map(Box::from), fault: fault() });
        }
        Outcome::Ok | Outcome::ClientMistake | Outcome::CutShort | Outcome::ClientGone => {}
    }
    if judgement.outcome != Outcome::SickUpstream {
        tried.blame(choice.key.id);
        if let Some(upstream) = choice.upstream() {
            upstream.health.well(model);
            if upstream.health.guards.give_one_attempt(model) {
                tried.avoid(choice.service.id, choice.place);
            }
        }
    }
    let Judgement { outcome, retry, .. } = judgement;
    Failure { outcome, retry, status: bad.status, message, rest, is_key_out }
}

/// Judges the lack of an answer.
pub fn no_answer(choice: &Arc<Choice>, model: Option<&str>, none: &NoAnswer, tried: &mut Tried) -> Failure {
    let message = mask_in(&none.to_string(), choice.key.secret.expose()).into_owned();
    if none.is_the_clients() {
        choice.told_nothing(model);
        let (outcome, status) = match none.source_failure() {
            Some(SourceFailure::Gone) => (Outcome::ClientGone, 499),
            Some(SourceFailure::TimedOut) => (Outcome::ClientMistake, 408),
            Some(SourceFailure::TooLarge) => (Outcome::ClientMistake, 413),
            Some(SourceFailure::Malformed) | None => (Outcome::ClientMistake, 400),
        };
        return Failure { outcome, retry: false, status, message, rest: None, is_key_out: false };
    }
    upstream_failed(choice, model, tried, |health| health.transport_failed(choice.ticket, clock::mono_ms()));
    let status = if none.is_timeout() { 504 } else { 502 };
    let (outcome, retry) = (Outcome::SickUpstream, !matches!(none, NoAnswer::Deadline));
    Failure { outcome, retry, status, message, rest: None, is_key_out: false }
}

/// The attempt could not be made for want of something that this machine should have: nobody is to blame, and other keys and upstreams
/// would fare no better.
pub fn not_tried(choice: &Choice, model: Option<&str>, none: &NoAnswer) {
    static SAID: Seldom = Seldom::new();
    choice.told_nothing(model);
    if SAID.is_time() {
        tracing::error!(error = %none, "requests are refused: no connection to an upstream can be opened");
    }
}

/// An upstream that fails several attempts of one request has failed once. `report` says whether that ejects it.
fn upstream_failed(choice: &Choice, model: Option<&str>, tried: &mut Tried, report: impl FnOnce(&Health) -> bool) {
    let Some(upstream) = choice.upstream() else { return };
    if tried.spare(choice.key.id, choice.service.id, choice.place) && report(&upstream.health) {
        choice.service.incidents.ejections.add();
    }
    // Was it a probe about which nothing has been reported, the next request may be it.
    upstream.health.told_nothing(model, choice.ticket);
}
