//! What is read off at the moment somebody asks: groups with their keys, upstreams and guards; work under way; the log on its way.

use std::sync::Arc;

use super::Metrics;
use super::text::{Kind, Text, number};
use crate::clock;
use crate::snapshot::health::Condition;
use crate::snapshot::incidents::{Incidents, Tally};
use crate::snapshot::{Service, Snapshot};

/// How the groups stand.
pub fn of_groups(snapshot: &Snapshot, text: &mut Text) {
    let mut services: Vec<_> = snapshot.services().collect();
    services.sort_unstable_by_key(|service| &service.name);
    let now_ms = clock::mono_ms();
    keys(&services, now_ms, text);
    upstreams(&services, now_ms, text);
    guards(&services, now_ms, text);
    incidents(&services, text);
}

fn keys(services: &[&Arc<Service>], now_ms: u64, text: &mut Text) {
    let help = "Keys, by what they can do now: active ones serve, resting ones will again, invalid ones were refused, disabled ones taken out.";
    text.family("gpt_load_keys", Kind::Gauge, help);
    for service in services {
        let census = service.pool.census(None, now_ms);
        let active = census.total.saturating_sub(census.resting + census.invalid + census.disabled);
        let states = [("active", active), ("resting", census.resting), ("invalid", census.invalid)];
        for (state, count) in states.into_iter().chain([("disabled", census.disabled)]) {
            text.sample(&[("group", &service.name), ("state", state)], number(count));
        }
    }
}

fn upstreams(services: &[&Arc<Service>], now_ms: u64, text: &mut Text) {
    text.family("gpt_load_upstreams", Kind::Gauge, "Upstreams, by whether they get requests now.");
    let states = [
        ("healthy", Condition::Healthy),
        ("ejected_for_models", Condition::EjectedForModels),
        ("ejected", Condition::Ejected),
    ];
    for service in services {
        let conditions: Vec<_> =
            service.upstreams.all().iter().map(|upstream| upstream.health.condition(now_ms)).collect();
        for (state, condition) in states {
            let count = conditions.iter().filter(|of_one| **of_one == condition).count();
            text.sample(&[("group", &service.name), ("state", state)], number(count));
        }
    }
}

fn guards(services: &[&Arc<Service>], now_ms: u64, text: &mut Text) {
    text.family(
        "gpt_load_guard_active",
        Kind::Gauge,
        "Whether a guard acts now, for at least one upstream of the group.",
    );
    for service in services {
        let acting: Vec<_> =
            service.upstreams.all().iter().map(|upstream| upstream.health.guards.acting(now_ms)).collect();
        let guards = [
            ("retry_budget", service.budget.is_acting(now_ms)),
            ("address_limit", acting.iter().any(|guards| !guards.limited_models.is_empty())),
            ("mass_refusal", acting.iter().any(|guards| guards.mass_refusal)),
        ];
        for (guard, acts) in guards {
            text.sample(&[("group", &service.name), ("guard", guard)], f64::from(u8::from(acts)));
        }
    }
}

fn incidents(services: &[&Arc<Service>], text: &mut Text) {
    let mut family = |name, help, tally: fn(&Incidents) -> &Tally| {
        text.family(name, Kind::Counter, help);
        for service in services {
            text.sample(&[("group", &service.name)], number(tally(&service.incidents).get()));
        }
    };
    family("gpt_load_ejections_total", "Upstreams were ejected, altogether or for a model.", |of| &of.ejections);
    family("gpt_load_retry_budget_spent_total", "The retry budget was spent on a sick upstream.", |of| {
        &of.budgets_spent
    });
    family("gpt_load_address_limits_total", "A rate limit was found to be the address's.", |of| &of.address_limits);
    family("gpt_load_mass_refusals_total", "A provider was found to refuse key after key.", |of| &of.mass_refusals);
    family("gpt_load_keys_invalidated_total", "Keys became invalid by what requests were answered.", |of| {
        &of.keys_invalidated
    });
}

impl Metrics {
    pub(super) fn of_work(&self, text: &mut Text) {
        let mut gauge = |name, help, value| text.single(name, Kind::Gauge, help, value);
        let sockets = self.sockets.in_use();
        gauge("gpt_load_requests_in_progress", "Proxied requests under way.", number(self.shared.requests.get()));
        gauge("gpt_load_client_connections", "Connections of clients.", number(sockets.clients));
        gauge(
            "gpt_load_upstream_connections",
            "Connections to upstreams, idle ones included.",
            number(sockets.upstreams),
        );
        gauge("gpt_load_connections_limit", "Connections that the limit on open files allows.", number(sockets.limit));
        let kept = &self.shared.kept_bodies;
        gauge("gpt_load_kept_bodies_bytes", "Memory for request bodies kept for retries.", number(kept.used_bytes()));
        let waiting = self.handover.waiting();
        gauge("gpt_load_control_queue_requests", "Requests that wait for the control plane.", number(waiting));
        let connections = self.db.connections();
        gauge("gpt_load_database_connections", "Open connections to the database.", number(connections.open));
        gauge("gpt_load_database_connections_idle", "Those that nothing uses now.", number(connections.idle));
        gauge(
            "gpt_load_leader",
            "Whether this node leads, which does what one does for all.",
            flag(self.leadership.is_leading()),
        );
        gauge(
            "gpt_load_task_running",
            "Whether a task of an operator runs on this node.",
            flag(self.tasks.is_running_here()),
        );
    }

    pub(super) fn of_the_log(&self, text: &mut Text) {
        let backlog = self.sink.backlog();
        let mut gauge = |name, help, value| text.single(name, Kind::Gauge, help, value);
        let queued = self.shared.journal.backlog() + backlog.held;
        gauge("gpt_load_log_queue_entries", "Log entries that are not in the spool yet.", number(queued));
        gauge(
            "gpt_load_log_spool_entries",
            "Log entries in the spool for the database, about.",
            number(backlog.unstored),
        );
        gauge("gpt_load_log_spool_bytes", "Size of the spool on disk.", number(backlog.spool_bytes));
        let changes = self.keyring.changes().len();
        gauge(
            "gpt_load_key_changes_pending",
            "Keys with a state that the database has yet to be told.",
            number(changes),
        );
        text.family("gpt_load_log_left_out_total", Kind::Counter, "What the log lacks because there was no room.");
        text.sample(&[("what", "rows")], number(backlog.left_out.rows));
        text.sample(&[("what", "bodies")], number(backlog.left_out.bodies));
    }
}

/// 1 or 0.
fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
