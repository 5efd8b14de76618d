//! The guards on a request's way: what answers tell them, what they forbid, and the word in the log when one begins or ends.

use domain::classify::Outcome;
use domain::guards::{Fate, Grant, Turn};

use super::judge::Failure;
use super::plan::Choice;
use crate::clock;
use crate::keyring::Source;
use crate::keyring::changes::KeyFault;
use crate::snapshot::Service;

/// A request begins.
pub fn begin(choice: &Choice) {
    if choice.service.budget.request(choice.at_ms) {
        tracing::info!(group = %choice.service.name, "retry budget: sick upstreams are retried again");
    }
}

/// Whether a request that `began` in a group may make one more attempt after `failure`. If so, it is counted.
pub fn may_retry(began: &Service, failure: &Failure, next: &Choice, asked: Option<&str>) -> bool {
    let model = next.service.sent_model(asked);
    if next.upstream().is_some_and(|upstream| upstream.health.guards.give_one_attempt(model)) {
        return false;
    }
    if failure.outcome != Outcome::SickUpstream {
        return true;
    }
    let percent = u64::try_from(began.settings.retry_budget_percent).unwrap_or(0);
    let grant = began.budget.retry(percent, next.at_ms);
    if grant == (Grant::Refused { first: true }) {
        began.incidents.budgets_spent.add();
        tracing::warn!(group = %began.name, percent, "retry budget: spent on a sick upstream, no more retries for now");
    }
    grant == Grant::Given
}

/// A key was rate limited. Returns whether the limit is the address's.
pub fn limited(choice: &Choice, model: Option<&str>, names_owner: bool) -> bool {
    let Some(upstream) = choice.upstream() else { return false };
    let (guards, pool_size) = (&upstream.health.guards, choice.service.pool.active());
    let turn = guards.limited(model, choice.key.id, names_owner, pool_size, clock::mono_ms());
    if turn == Turn::Began {
        choice.service.incidents.address_limits.add();
        let (group, url) = (&choice.service.name, &upstream.url);
        tracing::warn!(%group, upstream = %url, model, "address limit: key after key is rate limited, requests get one attempt");
    }
    turn == Turn::Began || guards.limits_address(model)
}

/// A key was refused. Returns what became of it, if something did.
pub fn refused(choice: &Choice, fault: KeyFault) -> Option<Fate> {
    if let Some(upstream) = choice.upstream()
        && upstream.health.guards.refused(choice.key.id, clock::mono_ms()) == Turn::Began
    {
        choice.service.incidents.mass_refusals.add();
        let (group, url, status) = (&choice.service.name, &upstream.url, fault.status);
        tracing::warn!(%group, upstream = %url, status, "mass refusal: key after key is refused, requests get one attempt");
    }
    blame(choice, fault)
}

/// A key is to blame. Returns what became of it, if something did.
pub fn blame(choice: &Choice, fault: KeyFault) -> Option<Fate> {
    let threshold = u32::try_from(choice.service.settings.blacklist_threshold).unwrap_or(0);
    let (status, group, source) = (fault.status, &choice.service.name, source(choice));
    let mut turn = Turn::None;
    let fate = choice.service.pool.refused_in_traffic(&choice.key, fault, threshold, source, |active| {
        let Some(upstream) = choice.upstream() else { return Fate::Invalid };
        let (fate, its_turn) = upstream.health.guards.would_fall(active, source.at_ms);
        turn = its_turn;
        fate
    });
    if fate == Some(Fate::Invalid) {
        choice.service.incidents.keys_invalidated.add();
        tracing::info!(%group, key = %choice.key.secret, status, "key became invalid");
    }
    let upstream = choice.upstream().map(|upstream| &*upstream.url);
    match turn {
        Turn::None => {}
        Turn::Began => {
            choice.service.incidents.mass_refusals.add();
            tracing::warn!(%group, upstream, status, "mass refusal: refused keys rest instead of becoming invalid");
        }
        Turn::Ended => {
            tracing::warn!(%group, upstream, "mass refusal: over after ten minutes, refused keys become invalid");
        }
    }
    fate
}

/// The client gets what it asked for, which was a model called `asked`. `proves_key`: nobody gets that with a bad key.
pub fn succeeded(choice: &Choice, asked: Option<&str>, proves_key: bool) {
    let Some(upstream) = choice.upstream() else { return };
    if upstream.health.guards.are_calm() && !choice.probes {
        return;
    }
    let model = choice.service.sent_model(asked);
    let ended = upstream.health.guards.succeeded(model, proves_key, choice.at_ms);
    let (group, url) = (&choice.service.name, &upstream.url);
    if ended.address_limit {
        tracing::info!(%group, upstream = %url, model, "address limit: over");
    }
    if ended.mass_refusal {
        tracing::info!(%group, upstream = %url, "mass refusal: over");
    }
    // Refused keys wake whoever shows that the provider no longer refuses everybody, as one that an operator has restored may.
    if ended.mass_refusal || choice.probes && (proves_key || model.is_none()) {
        choice.service.pool.proved_wrong(&choice.key, model, source(choice), proves_key);
    }
}

/// Where an answer that has just come is from.
pub fn source(choice: &Choice) -> Source {
    let upstream = choice.upstream().map_or(0, |upstream| upstream.health.guards.upstream);
    Source { upstream, at_ms: clock::mono_ms() }
}
