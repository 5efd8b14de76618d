//! Reads what other nodes on the same database have told, and takes it up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::notice::position::Position;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::Job;
use crate::clock;
use crate::key_store::load::Loaded;
use crate::nodes::catch_up::CatchUp;
use crate::nodes::inbox::Inbox;
use crate::nodes::wanted::Wanted;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Rows read at once.
const ROWS: u32 = 50;
/// Rows of the feed are kept so long, in milliseconds.
const KEPT_MS: u64 = 10 * 60_000;
/// Who has not read for so long reads everything anew, in milliseconds: rows may have been deleted.
const LOST_MS: i64 = 5 * 60_000;
/// How often old rows are deleted, in milliseconds.
const PRUNED_EVERY_MS: u64 = 60_000;

/// The job.
pub struct FollowNodes {
    catch_up: Arc<CatchUp>,
    inbox: Arc<Inbox>,
    keys_loaded: Loaded,
    position: Position,
    wanted: Wanted,
    /// When the feed was last read to its end.
    read_at: Moment,
    /// How far it had been read at which time: once a minute.
    marks: VecDeque<(u64, i64)>,
}

impl FollowNodes {
    /// Follows the feed from after row `end`: up to there, what has been loaded is new enough.
    pub fn new(inbox: Arc<Inbox>, keys_loaded: Loaded, end: i64) -> Self {
        Self {
            catch_up: Arc::clone(inbox.catch_up()),
            inbox,
            keys_loaded,
            position: Position::at(end),
            wanted: Wanted::default(),
            read_at: Moment::now(),
            marks: VecDeque::new(),
        }
    }

    async fn read_feed(&mut self) -> anyhow::Result<()> {
        let mut from = self.position.read_to();
        if self.read_at.is_long_ago() {
            from = self.begin_anew().await?;
        }
        loop {
            let rows = timeout(PATIENCE, self.catch_up.db.feed_from(from, ROWS)).await??;
            if rows.is_empty() && from > 0 && from == self.position.read_to() {
                tracing::warn!("the database is older than it was: everything is read anew");
                self.begin_anew().await?;
                break;
            }
            let (now_ms, own) = (clock::mono_ms(), self.catch_up.db.node());
            for row in &rows {
                if self.position.read(row.id, now_ms) && row.node != own {
                    let unheard = row.notice.iter().filter(|notice| !self.inbox.has_heard(row.node, notice));
                    unheard.for_each(|notice| self.catch_up.hear_rests(notice));
                    self.wanted.add(row.notice.as_ref());
                }
            }
            match rows.last() {
                Some(last) if rows.len() == ROWS as usize => from = last.id + 1,
                _ => break,
            }
        }
        self.position.close_gaps(clock::mono_ms());
        self.read_at = Moment::now();
        Ok(())
    }

    async fn begin_anew(&mut self) -> anyhow::Result<i64> {
        let end = timeout(PATIENCE, self.catch_up.db.feed_end()).await??;
        self.wanted.everything = true;
        (self.position, self.marks) = (Position::at(end), VecDeque::new());
        Ok(end)
    }

    async fn prune(&mut self) -> anyhow::Result<()> {
        let now_ms = clock::mono_ms();
        if self.marks.back().is_some_and(|(at, _)| now_ms < at + PRUNED_EVERY_MS) {
            return Ok(());
        }
        self.marks.push_back((now_ms, self.position.read_to()));
        let Some((_, id)) = self.marks.pop_front_if(|(at, _)| now_ms >= *at + KEPT_MS) else { return Ok(()) };
        // Whatever happened meanwhile, all other nodes have had the time to read these; the last row stays, so that there is an end.
        Ok(timeout(PATIENCE, self.catch_up.db.prune_feed(id)).await??)
    }
}

impl Job for FollowNodes {
    const NAME: &'static str = "follow_nodes";

    async fn due(&mut self) {
        self.keys_loaded.wait().await;
        tokio::select! {
            () = sleep(EVERY.saturating_sub(self.read_at.elapsed())) => {}
            () = self.inbox.arrival() => {}
        }
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let is_behind = self.inbox.take(&mut self.wanted);
        if is_behind || self.read_at.elapsed() >= EVERY {
            self.read_feed().await.context("what other nodes tell can't be read")?;
        }
        self.catch_up.read(&mut self.wanted).await.context("what other nodes have changed can't be read")?;
        self.prune().await
    }

    async fn last_turn(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}

/// By two clocks: the process' own may stand still while the machine sleeps, the other one may be set.
struct Moment {
    mono_ms: u64,
    wall: Timestamp,
}

impl Moment {
    fn now() -> Self {
        Self { mono_ms: clock::mono_ms(), wall: Timestamp::now() }
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(clock::mono_ms().saturating_sub(self.mono_ms))
    }

    fn is_long_ago(&self) -> bool {
        let own = clock::mono_ms().saturating_sub(self.mono_ms);
        let wall = Timestamp::now().duration_since(self.wall).as_millis();
        i128::from(own) > i128::from(LOST_MS) || wall > i128::from(LOST_MS)
    }
}
