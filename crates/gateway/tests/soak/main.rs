//! Everything at once, for as long as wanted: good, failing, streaming, leaving and hostile clients while an operator changes groups,
//! keys and settings, and has the program replaced once. Afterwards log, counters and statistics say exactly what the provider saw, and the program is as small as it was.
//!
//! `make soak` plays it for ten minutes (`MINUTES=…`) with the release build, `make test` for some seconds. `SOAK_SEED` repeats the
//! choices of a run, though not their timing.

#![expect(clippy::expect_used, clippy::panic, reason = "a test's own helpers fail the test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use testkit::App;
use testkit::app::{AUTH_KEY, Former};
use testkit::servers::Engine;
use tokio::time::sleep_until;

use crate::book::Book;
use crate::resources::Usage;
use crate::world::{Actor, World};

mod accounts;
mod book;
mod clients;
mod operator;
mod provider;
mod resources;
mod world;

const BINARY: &str = env!("CARGO_BIN_EXE_gpt-load");
/// Before the first look at memory, threads and descriptors; shorter in a short run.
const FIRST: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(18);
/// Between two lines that tell how it goes.
const BEAT: Duration = Duration::from_secs(20);
/// Sockets of a process that has taken over: its line to the one before, twice.
const INHERITED: usize = 2;
/// How long connections and threads may take to end when nobody calls any more.
const CALM: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_agree_and_nothing_grows() {
    let (seed, length) = (number("SOAK_SEED").unwrap_or_else(|| fastrand::u64(..)), length());
    say(&format!("{} s, SOAK_SEED={seed}", length.as_secs()));
    let book = Arc::new(Book::default());
    let provider = provider::start(&book, seed);
    let mut app = start().await;
    let world = World::new(&app, &book, provider.url());
    let mut rng = Rng::with_seed(seed);
    operator::open(&mut Actor { world: world.clone(), rng: rng.fork(), until: Instant::now() }).await;
    let idle = Usage::of(&app);
    say(&format!("before: {idle}"));

    let first = FIRST.min(length / 3);
    let former = play(&mut app, &world, &mut rng, first, true).await;
    former.expect("it was replaced").ended().await;
    let early = calm(&app, &idle).await;
    say(&format!("after {} s: {early}", first.as_secs()));
    play(&mut app, &world, &mut rng, length.saturating_sub(first), false).await;
    let late = calm(&app, &idle).await;
    say(&format!("after {} s: {late}", length.as_secs()));
    let surplus = settled(&app, &early, first == FIRST).await;
    let mut actor = Actor { world: Arc::clone(&world), rng: rng.fork(), until: Instant::now() };
    let counted = census(&mut actor).await;

    app.terminate();
    assert_eq!(app.wait_exit().await.code(), Some(0), "a stop in order");
    say(&format!("{} requests, {} calls at the provider", book.pages().len(), provider.count()));
    let mut faults = [surplus, counted, book.faults(), odd_lines(&app.output())].concat();
    faults.extend(accounts::check_requests(app.database(), &book));
    faults.extend(accounts::check_counters(app.database()));
    faults.extend(accounts::check_hours(app.database(), &world));
    faults.extend(accounts::check_states(app.database(), &world));
    let shown = faults.len().min(20);
    assert!(faults.is_empty(), "SOAK_SEED={seed}: {} faults:\n{}", faults.len(), faults[..shown].join("\n"));
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text:?} is not a whole number")))
}

fn length() -> Duration {
    number("SOAK_MINUTES").map_or(SHORT, |minutes| Duration::from_secs(60 * minutes))
}

#[expect(clippy::print_stdout, reason = "a long run tells how it goes")]
fn say(line: &str) {
    println!("{line}");
}

async fn start() -> App {
    let builder = App::builder_on(Engine::Sqlite, BINARY).env("LOG_LEVEL", "warn");
    builder.env("SERVER_READ_TIMEOUT", "4").env("SERVER_IDLE_TIMEOUT", "5").start().await
}

/// All take part for so long, and go. Early in it the program may be replaced; returns the process that was.
async fn play(app: &mut App, world: &Arc<World>, rng: &mut Rng, length: Duration, is_replaced: bool) -> Option<Former> {
    let (begun, mut former) = (Instant::now(), None);
    let until = begun + length;
    let mut all = clients::start(world, rng, until);
    let mut actor = || Actor { world: world.clone(), rng: rng.fork(), until };
    all.spawn(operator::change(actor()));
    all.spawn(operator::look(actor()));
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            ended = all.join_next() => match ended {
                Some(ended) => ended.expect("nobody panics"),
                None => return former,
            },
            () = sleep_until((begun + length / 4).into()), if is_replaced && former.is_none() => {
                former = Some(app.replace().await);
            }
            _ = beat.tick() => say(&format!("{}: {} requests", Usage::of(app), world.book.pages().len())),
        }
    }
}

/// Waits until all connections have ended, and looks.
async fn calm(app: &App, idle: &Usage) -> Usage {
    let end = Instant::now() + CALM;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = Usage::of(app);
        if now.sockets <= idle.sockets + INHERITED || Instant::now() > end {
            return now;
        }
    }
}

/// What is still too much when threads and memory have had time to go.
async fn settled(app: &App, early: &Usage, after_a_minute: bool) -> Vec<String> {
    let end = Instant::now() + CALM;
    loop {
        let surplus = Usage::of(app).surplus(early, after_a_minute);
        if surplus.is_empty() || Instant::now() > end {
            return surplus;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Whether the pools count as many keys of each state as the list holds, and let every good one serve.
async fn census(actor: &mut Actor) -> Vec<String> {
    let world = Arc::clone(&actor.world);
    let groups: Vec<_> = world.groups().iter().filter(|group| !group.is_aggregate).cloned().collect();
    let mut faults = Vec::new();
    for group in groups {
        let stats = world.api.data(&format!("/api/groups/{}/stats", group.id)).await;
        let keys = world.api.data(&format!("/api/keys?page_size=1000&group_id={}", group.id)).await;
        let keys = keys["items"].as_array().cloned().unwrap_or_default();
        let invalid = keys.iter().filter(|key| key["status"] == "invalid").count();
        let counted = &stats["key_stats"];
        if counted["invalid_keys"] != invalid || counted["active_keys"] != keys.len() - invalid {
            faults.push(format!("group {}: {counted}, but {invalid} of {} keys are invalid", group.name, keys.len()));
        }
        faults.extend(clients::staying::roll_call(actor, &group).await);
    }
    faults
}

/// Lines of the program's own log that should not be there.
fn odd_lines(output: &str) -> Vec<String> {
    let is_odd = |line: &&str| line.contains("ERROR") || line.contains("panicked") || line.contains(AUTH_KEY);
    output.lines().filter(is_odd).map(|line| format!("logged: {line}")).collect()
}
