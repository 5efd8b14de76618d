//! When a node begins to lead and when it stops.

use std::sync::Arc;

use storage::lease::LASTS;
use storage::{Dsn, KeyCipher};
use tokio::task::JoinSet;

use super::*;

async fn database() -> Db {
    let db = Db::open(&Dsn::Memory, Arc::new(KeyCipher::new(None).unwrap())).await.unwrap();
    db.migrate().await.unwrap();
    db
}

async fn token(db: &Db) -> storage::lease::Token {
    match db.ask_to_lead(uuid::Uuid::new_v4(), "other", None).await.unwrap() {
        Answer::Leads(lease) => lease.token,
        Answer::Follows { leader } => panic!("{leader} leads"),
    }
}

#[tokio::test]
async fn it_leads_until_the_program_stops_and_gives_the_lease_back() {
    let db = database().await;
    let (lead, mut leadership) = Lead::new(db.clone(), Node::on_port(1));
    assert!(!leadership.is_leading());
    let stop = CancellationToken::new();
    let mut running = JoinSet::new();
    running.spawn(crate::jobs::run(lead, stop.clone()));
    let term = leadership.next_term().await.unwrap();
    assert!(leadership.is_leading());
    stop.cancel();
    running.join_all().await;
    assert!(term.over.is_cancelled() && !leadership.is_leading());
    assert!(leadership.next_term().await.is_none());
    assert!(token(&db).await > term.token);
}

#[tokio::test]
async fn a_term_ends_before_its_lease_counted_from_when_it_was_asked_for() {
    let db = database().await;
    let (lead, mut leadership) = Lead::new(db.clone(), Node::on_port(1));
    let lease = Lease { token: token(&db).await, lasts: Some(LASTS) };
    let now = Instant::now();
    lead.lead(lease, now);
    let term = leadership.next_term().await.unwrap();
    lead.end_if_over();
    assert!(leadership.is_leading() && lead.until().unwrap() < now + LASTS);
    // More of it was asked for, but the answer was long on its way.
    lead.lead(lease, now.checked_sub(LASTS).unwrap());
    assert!(!leadership.is_leading());
    lead.end_if_over();
    assert!(term.over.is_cancelled());
}

#[tokio::test]
async fn another_leader_ends_the_term_and_a_new_lease_begins_another() {
    let db = database().await;
    let (lead, mut leadership) = Lead::new(db.clone(), Node::on_port(1));
    let lease = Lease { token: token(&db).await, lasts: Some(LASTS) };
    lead.lead(lease, Instant::now());
    let first = leadership.next_term().await.unwrap();
    lead.lead(Lease { token: token(&db).await, ..lease }, Instant::now());
    let second = leadership.next_term().await.unwrap();
    assert!(first.over.is_cancelled() && second.token > first.token && leadership.is_leading());
    lead.follow("other".to_owned());
    assert!(second.over.is_cancelled() && !leadership.is_leading());
    lead.lead(lease, Instant::now());
    drop(lead);
    assert!(!leadership.is_leading(), "nobody would end it");
}
